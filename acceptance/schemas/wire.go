package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed published/*.json
var publishedFiles embed.FS

// published is what was extracted of a provider, and the provider's address.
func published(name string) (string, Provider, error) {
	text, err := publishedFiles.ReadFile("published/" + name + ".json")
	if err != nil {
		return "", Provider{}, err
	}
	var all Published
	if err := json.Unmarshal(text, &all); err != nil {
		return "", Provider{}, fmt.Errorf("published/%s.json: %w", name, err)
	}
	for address, provider := range all.Schemas {
		return address, provider, nil
	}
	return "", Provider{}, fmt.Errorf("published/%s.json holds no provider", name)
}

func (s Schema) wire() *tfprotov5.Schema {
	return &tfprotov5.Schema{Version: s.Version, Block: s.Block.wire()}
}

func (b Block) wire() *tfprotov5.SchemaBlock {
	found := &tfprotov5.SchemaBlock{}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		attribute := b.Attributes[name]
		found.Attributes = append(found.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: attribute.Type.wire(),
			Required: attribute.Required, Optional: attribute.Optional, Computed: attribute.Computed,
		})
	}
	modes := map[string]tfprotov5.SchemaNestedBlockNestingMode{
		"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
		"list":   tfprotov5.SchemaNestedBlockNestingModeList,
		"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	}
	for _, name := range slices.Sorted(maps.Keys(b.BlockTypes)) {
		nested := b.BlockTypes[name]
		found.BlockTypes = append(found.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: nested.Block.wire(), Nesting: modes[nested.NestingMode],
			MinItems: nested.MinItems, MaxItems: nested.MaxItems,
		})
	}
	return found
}

func (t Type) wire() tftypes.Type {
	switch t.Kind {
	case "string":
		return tftypes.String
	case "number":
		return tftypes.Number
	case "bool":
		return tftypes.Bool
	case "list":
		return tftypes.List{ElementType: t.Element.wire()}
	case "set":
		return tftypes.Set{ElementType: t.Element.wire()}
	case "map":
		return tftypes.Map{ElementType: t.Element.wire()}
	}
	fields := map[string]tftypes.Type{}
	for name, field := range t.Fields {
		fields[name] = field.wire()
	}
	return tftypes.Object{AttributeTypes: fields}
}
