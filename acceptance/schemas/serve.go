package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Server serves one provider's schemas. What is applied is kept in Terraform's state only, but for the few types that
// `through` makes in an emulator.
type Server struct {
	name     string
	provider Provider
	region   string
	account  string
}

func serve(name string) error {
	address, provider, err := published(name)
	if err != nil {
		return err
	}
	server := &Server{name: name, provider: provider, region: "eu-west-1", account: "123456789012"}
	return tf5server.Serve(address, func() tfprotov5.ProviderServer { return server })
}

func (s *Server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	found := &tfprotov5.GetMetadataResponse{ServerCapabilities: &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true}}
	for name := range s.provider.Resources {
		found.Resources = append(found.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range s.provider.DataSources {
		found.DataSources = append(found.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return found, nil
}

func (s *Server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	found := &tfprotov5.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true},
		Provider:           s.provider.Config.wire(),
		ResourceSchemas:    map[string]*tfprotov5.Schema{},
		DataSourceSchemas:  map[string]*tfprotov5.Schema{},
	}
	for name, schema := range s.provider.Resources {
		found.ResourceSchemas[name] = schema.wire()
	}
	for name, schema := range s.provider.DataSources {
		found.DataSourceSchemas[name] = schema.wire()
	}
	return found, nil
}

func (s *Server) PrepareProviderConfig(_ context.Context, request *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s *Server) ConfigureProvider(_ context.Context, request *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := request.Config.Unmarshal(s.provider.Config.wire().ValueType())
	if err != nil {
		return nil, err
	}
	fields := mapOf(config)
	if region := textOf(fields["region"]); region != "" {
		s.region = region
	}
	// As in the emulators: twelve digits in place of a key's id are the account.
	key := textOf(fields["access_key"])
	if key == "" {
		key = os.Getenv("AWS_ACCESS_KEY_ID")
	}
	if len(key) == 12 {
		s.account = key
	}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (s *Server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (s *Server) PlanResourceChange(_ context.Context, request *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	block := s.provider.Resources[request.TypeName].Block
	kind := block.wire().ValueType()
	prior, err := request.PriorState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	proposed, err := request.ProposedNewState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	if proposed.IsNull() {
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: request.ProposedNewState}, nil
	}
	planned := proposed
	if prior.IsNull() {
		planned, err = block.planned(proposed)
	} else if !prior.Equal(proposed) {
		planned, err = block.replanned(prior, proposed)
	}
	if err != nil {
		return nil, err
	}
	value, err := tfprotov5.NewDynamicValue(kind, planned)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &value}, err
}

func (s *Server) ApplyResourceChange(_ context.Context, request *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	block := s.provider.Resources[request.TypeName].Block
	kind := block.wire().ValueType()
	prior, err := request.PriorState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	planned, err := request.PlannedState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	if planned.IsNull() {
		if err := s.undo(request.TypeName, prior); err != nil {
			return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PriorState, Diagnostics: failed("deleting "+request.TypeName, err)}, nil
		}
		return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PlannedState}, nil
	}
	var known map[string]string
	if prior.IsNull() {
		if known, err = s.through(request.TypeName, planned); err != nil {
			return &tfprotov5.ApplyResourceChangeResponse{NewState: request.PriorState, Diagnostics: failed("making "+request.TypeName, err)}, nil
		}
	}
	instance, err := newInstance(request.TypeName, s.region, s.account)
	if err != nil {
		return nil, err
	}
	settled, err := instance.settled(block, planned, known)
	if err != nil {
		return nil, err
	}
	value, err := tfprotov5.NewDynamicValue(kind, settled)
	return &tfprotov5.ApplyResourceChangeResponse{NewState: &value}, err
}

func (s *Server) ReadResource(_ context.Context, request *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}, nil
}

func (s *Server) UpgradeResourceState(_ context.Context, request *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	kind := s.provider.Resources[request.TypeName].Block.wire().ValueType()
	state, err := request.RawState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	value, err := tfprotov5.NewDynamicValue(kind, state)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &value}, err
}

func (s *Server) ReadDataSource(_ context.Context, request *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	block := s.provider.DataSources[request.TypeName].Block
	kind := block.wire().ValueType()
	config, err := request.Config.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	state, err := s.answer(request.TypeName, block, config)
	if err != nil {
		return &tfprotov5.ReadDataSourceResponse{Diagnostics: failed("nothing answers for "+request.TypeName, err)}, nil
	}
	value, err := tfprotov5.NewDynamicValue(kind, state)
	return &tfprotov5.ReadDataSourceResponse{State: &value}, err
}

func failed(summary string, err error) []*tfprotov5.Diagnostic {
	return []*tfprotov5.Diagnostic{{Severity: tfprotov5.DiagnosticSeverityError, Summary: summary, Detail: err.Error()}}
}

func (s *Server) ImportResourceState(_ context.Context, request *tfprotov5.ImportResourceStateRequest) (*tfprotov5.ImportResourceStateResponse, error) {
	err := fmt.Errorf("only the schemas of %s are here, and no cloud to read %s from", s.name, request.ID)
	return &tfprotov5.ImportResourceStateResponse{Diagnostics: failed("nothing can be imported", err)}, nil
}

func textOf(value tftypes.Value) string {
	var text string
	if value.Type() == nil || value.IsNull() || !value.IsKnown() || value.As(&text) != nil {
		return ""
	}
	return text
}
