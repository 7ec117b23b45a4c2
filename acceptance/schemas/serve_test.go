package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func server(t *testing.T, name string) *Server {
	t.Helper()
	_, provider, err := published(name)
	if err != nil {
		t.Fatal(err)
	}
	return &Server{name: name, provider: provider, region: "eu-west-1", account: "111122223333"}
}

// config is a value of a type with only these attributes set.
func config(t *testing.T, schema Schema, set map[string]tftypes.Value) (tftypes.Type, *tfprotov5.DynamicValue) {
	t.Helper()
	kind := schema.wire().ValueType()
	fields := map[string]tftypes.Value{}
	for name, field := range kind.(tftypes.Object).AttributeTypes {
		fields[name] = tftypes.NewValue(field, nil)
		if _, ok := schema.Block.BlockTypes[name]; ok && field.Is(tftypes.List{}) {
			fields[name] = tftypes.NewValue(field, []tftypes.Value{})
		}
		if value, ok := set[name]; ok {
			fields[name] = value
		}
	}
	return kind, dynamic(t, tftypes.NewValue(kind, fields))
}

func dynamic(t *testing.T, value tftypes.Value) *tfprotov5.DynamicValue {
	t.Helper()
	found, err := tfprotov5.NewDynamicValue(value.Type(), value)
	if err != nil {
		t.Fatal(err)
	}
	return &found
}

func read(t *testing.T, value *tfprotov5.DynamicValue, kind tftypes.Type) map[string]tftypes.Value {
	t.Helper()
	found, err := value.Unmarshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	return mapOf(found)
}

func tagged(text string) map[string]tftypes.Value {
	return map[string]tftypes.Value{
		"cidr_block": tftypes.NewValue(tftypes.String, "10.0.0.0/16"),
		"tags":       tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{"team": tftypes.NewValue(tftypes.String, text)}),
	}
}

func plan(t *testing.T, s *Server, prior, proposed *tfprotov5.DynamicValue) *tfprotov5.DynamicValue {
	t.Helper()
	planned, err := s.PlanResourceChange(context.Background(), &tfprotov5.PlanResourceChangeRequest{
		TypeName: "aws_vpc", PriorState: prior, ProposedNewState: proposed, Config: proposed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return planned.PlannedState
}

func apply(t *testing.T, s *Server, prior, planned *tfprotov5.DynamicValue) *tfprotov5.DynamicValue {
	t.Helper()
	applied, err := s.ApplyResourceChange(context.Background(), &tfprotov5.ApplyResourceChangeRequest{
		TypeName: "aws_vpc", PriorState: prior, PlannedState: planned,
	})
	if err != nil {
		t.Fatal(err)
	}
	return applied.NewState
}

func TestWhatOnlyTheCloudSaysIsUnknownAndThenMadeUp(t *testing.T) {
	s := server(t, "aws")
	kind, wanted := config(t, s.provider.Resources["aws_vpc"], tagged("data"))
	nothing := dynamic(t, tftypes.NewValue(kind, nil))

	planned := plan(t, s, nothing, wanted)
	found := read(t, planned, kind)
	if found["id"].IsKnown() || found["tags_all"].IsKnown() || !found["tags"].IsKnown() || !found["instance_tenancy"].IsNull() {
		t.Errorf("planned %v", found)
	}
	state := apply(t, s, nothing, planned)
	made := read(t, state, kind)
	if id := textOf(made["id"]); !strings.HasPrefix(id, "vpc-") || len(id) != len("vpc-")+17 {
		t.Errorf("the id %q", id)
	}
	if textOf(made["owner_id"]) != "111122223333" || !made["tags_all"].Equal(made["tags"]) {
		t.Errorf("made %v", made)
	}
	if again := read(t, apply(t, s, nothing, planned), kind); again["id"].Equal(made["id"]) {
		t.Error("two networks have one id")
	}
}

func TestAnEmulatorMakesWhatOursLeadTo(t *testing.T) {
	var asked []string
	emulator := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		_ = request.ParseForm()
		asked = append(asked, strings.Join([]string{
			request.Form.Get("Action"), request.Form.Get("CidrBlock"), request.Form.Get("VpcId"), request.Header.Get("Authorization")[:45],
		}, " "))
		if request.Form.Get("CidrBlock") == "10.9.0.0/16" {
			answer.WriteHeader(http.StatusBadRequest)
		}
		_, _ = answer.Write([]byte("<vpc><vpcId>vpc-0abc</vpcId></vpc>"))
	}))
	defer emulator.Close()
	t.Setenv("DATAPLANE_SCHEMA_AWS_ENDPOINT", emulator.URL)

	s := server(t, "aws")
	kind, wanted := config(t, s.provider.Resources["aws_vpc"], tagged("data"))
	nothing := dynamic(t, tftypes.NewValue(kind, nil))
	state := apply(t, s, nothing, plan(t, s, nothing, wanted))
	if id := textOf(read(t, state, kind)["id"]); id != "vpc-0abc" {
		t.Errorf("the id %q", id)
	}
	apply(t, s, state, nothing)
	who := " AWS4-HMAC-SHA256 Credential=111122223333/2026"
	if found := strings.Join(asked, "; "); found != "CreateVpc 10.0.0.0/16 "+who+"; DeleteVpc  vpc-0abc"+who {
		t.Errorf("asked %q", found)
	}

	_, refused := config(t, s.provider.Resources["aws_vpc"], map[string]tftypes.Value{"cidr_block": tftypes.NewValue(tftypes.String, "10.9.0.0/16")})
	applied, err := s.ApplyResourceChange(context.Background(), &tfprotov5.ApplyResourceChangeRequest{
		TypeName: "aws_vpc", PriorState: nothing, PlannedState: plan(t, s, nothing, refused),
	})
	if err != nil || len(applied.Diagnostics) != 1 || !strings.Contains(applied.Diagnostics[0].Detail, "400 Bad Request") {
		t.Errorf("%v %v", applied, err)
	}
}

func TestAChangeKeepsWhatTheCloudSaid(t *testing.T) {
	s := server(t, "aws")
	kind, wanted := config(t, s.provider.Resources["aws_vpc"], tagged("data"))
	nothing := dynamic(t, tftypes.NewValue(kind, nil))
	state := apply(t, s, nothing, plan(t, s, nothing, wanted))

	if unchanged := read(t, plan(t, s, state, state), kind); !unchanged["tags_all"].IsKnown() {
		t.Errorf("a plan without a difference is %v", unchanged)
	}
	// As Terraform proposes it: computed attributes as they were.
	proposed := read(t, state, kind)
	proposed["tags"] = tagged("web")["tags"]
	planned := plan(t, s, state, dynamic(t, tftypes.NewValue(kind, proposed)))
	if found := read(t, planned, kind); found["tags_all"].IsKnown() || !found["id"].IsKnown() {
		t.Errorf("planned %v", found)
	}
	made := read(t, apply(t, s, state, planned), kind)
	if !made["tags_all"].Equal(made["tags"]) || !made["id"].Equal(proposed["id"]) {
		t.Errorf("made %v", made)
	}
}

func TestADataSourceSaysWhatTheTestSays(t *testing.T) {
	s := server(t, "aws")
	schema := s.provider.DataSources["aws_vpc"]
	kind, asked := config(t, schema, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, "vpc-1")})
	request := &tfprotov5.ReadDataSourceRequest{TypeName: "aws_vpc", Config: asked}

	without, err := s.ReadDataSource(context.Background(), request)
	if err != nil || len(without.Diagnostics) != 1 {
		t.Fatalf("without answers: %v %v", without, err)
	}

	file := filepath.Join(t.TempDir(), "answers.json")
	text := `[{"type": "aws_vpc", "arguments": {"id": "vpc-2"}, "attributes": {"cidr_block": "10.2.0.0/16"}},
	          {"type": "aws_vpc", "arguments": {"id": "vpc-1"}, "attributes": {"cidr_block": "10.1.0.0/16", "enable_dns_support": true}}]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATAPLANE_SCHEMA_ANSWERS", file)
	with, err := s.ReadDataSource(context.Background(), request)
	if err != nil || len(with.Diagnostics) != 0 {
		t.Fatalf("with answers: %v %v", with, err)
	}
	again, err := s.ReadDataSource(context.Background(), request)
	if err != nil || !reflect.DeepEqual(again.State, with.State) {
		t.Errorf("asked again, it tells something else: %v", err)
	}
	if found := read(t, with.State, kind); textOf(found["cidr_block"]) != "10.1.0.0/16" || textOf(found["id"]) != "vpc-1" {
		t.Errorf("answered %v", found)
	}
}

func TestAnArchiveIsTheSameForTheSameFile(t *testing.T) {
	s := server(t, "archive")
	folder := t.TempDir()
	source, output := filepath.Join(folder, "code.py"), filepath.Join(folder, "out", "code.zip")
	if err := os.WriteFile(source, []byte("print()\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := func(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }
	kind, asked := config(t, s.provider.DataSources["archive_file"], map[string]tftypes.Value{
		"type": text("zip"), "source_file": text(source), "output_path": text(output),
	})
	digests := map[string]bool{}
	for range 2 {
		found, err := s.ReadDataSource(context.Background(), &tfprotov5.ReadDataSourceRequest{TypeName: "archive_file", Config: asked})
		if err != nil || len(found.Diagnostics) != 0 {
			t.Fatalf("%v %v", found, err)
		}
		digests[textOf(read(t, found.State, kind)["output_base64sha256"])] = true
	}
	if len(digests) != 1 || digests[""] {
		t.Errorf("digests %v", digests)
	}
	if content, err := os.ReadFile(output); err != nil || !strings.HasPrefix(string(content), "PK") {
		t.Errorf("%q %v", content, err)
	}
}

func TestTheMirrorHoldsEachProvider(t *testing.T) {
	folder := t.TempDir()
	if err := mirror(folder); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(folder, "registry.terraform.io/hashicorp/*/*/*/terraform-provider-*_v*"))
	if err != nil || len(found) != 4 {
		t.Fatalf("%v %v", found, err)
	}
	for _, each := range found {
		if name, ok := providerOf(filepath.Base(each)); !ok || !strings.Contains(each, "/hashicorp/"+name+"/") {
			t.Errorf("%s is started as %q", each, name)
		}
	}
}
