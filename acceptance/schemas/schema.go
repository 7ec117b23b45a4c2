package main

import (
	"encoding/json"
	"fmt"
)

// The form in which `terraform providers schema -json` prints schemas, so that ours can be held against it by anybody who
// has the providers.

type Published struct {
	FormatVersion string              `json:"format_version"`
	Schemas       map[string]Provider `json:"provider_schemas"`
}

type Provider struct {
	Version     string            `json:"version"`
	Config      Schema            `json:"provider"`
	Resources   map[string]Schema `json:"resource_schemas,omitempty"`
	DataSources map[string]Schema `json:"data_source_schemas,omitempty"`
}

type Schema struct {
	Version int64 `json:"version"`
	Block   Block `json:"block"`
}

type Block struct {
	Attributes map[string]Attribute `json:"attributes,omitempty"`
	BlockTypes map[string]BlockType `json:"block_types,omitempty"`
}

type Attribute struct {
	Type     Type `json:"type"`
	Required bool `json:"required,omitempty"`
	Optional bool `json:"optional,omitempty"`
	Computed bool `json:"computed,omitempty"`
}

type BlockType struct {
	NestingMode string `json:"nesting_mode"`
	Block       Block  `json:"block"`
	MinItems    int64  `json:"min_items,omitempty"`
	MaxItems    int64  `json:"max_items,omitempty"`
}

// Type is a type as cty writes it: "string", ["list","string"], ["object",{"name":"string"}].
type Type struct {
	// Kind is string, number, bool, list, set, map or object.
	Kind    string
	Element *Type
	Fields  map[string]Type
}

func (t Type) MarshalJSON() ([]byte, error) {
	switch {
	case t.Element != nil:
		return json.Marshal([]any{t.Kind, *t.Element})
	case t.Kind == "object":
		return json.Marshal([]any{t.Kind, t.Fields})
	}
	return json.Marshal(t.Kind)
}

func (t *Type) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &t.Kind) == nil {
		return nil
	}
	var parts [2]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return fmt.Errorf("a type is a name or a pair, not %s", text)
	}
	if err := json.Unmarshal(parts[0], &t.Kind); err != nil {
		return err
	}
	if t.Kind == "object" {
		return json.Unmarshal(parts[1], &t.Fields)
	}
	return json.Unmarshal(parts[1], &t.Element)
}

func collection(kind string, element Type) Type { return Type{Kind: kind, Element: &element} }
