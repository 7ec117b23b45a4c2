package main

import (
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Attributes that a provider makes of others: what they are made of, where that changes, makes them unknown.
var madeOf = map[string]string{"tags_all": "tags", "terraform_labels": "labels", "effective_labels": "labels"}

// planned is the proposed value of something new in which what only the cloud can say is unknown.
func (b Block) planned(proposed tftypes.Value) (tftypes.Value, error) {
	return b.each(proposed, func(name string, attribute Attribute, value tftypes.Value) tftypes.Value {
		if attribute.Computed && value.IsNull() {
			return tftypes.NewValue(value.Type(), tftypes.UnknownValue)
		}
		return value
	})
}

// replanned is the proposed value of something that is there: its computed attributes stay, but for those made of others.
func (b Block) replanned(prior, proposed tftypes.Value) (tftypes.Value, error) {
	var before, after map[string]tftypes.Value
	if err := prior.As(&before); err != nil {
		return proposed, err
	}
	if err := proposed.As(&after); err != nil {
		return proposed, err
	}
	for made, source := range madeOf {
		if _, ok := b.Attributes[made]; ok && !before[source].Equal(after[source]) {
			after[made] = tftypes.NewValue(after[made].Type(), tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(proposed.Type(), after), nil
}

// each gives every attribute of a block and of the blocks in it to `change`.
func (b Block) each(value tftypes.Value, change func(string, Attribute, tftypes.Value) tftypes.Value) (tftypes.Value, error) {
	if value.IsNull() || !value.IsKnown() {
		return value, nil
	}
	var fields map[string]tftypes.Value
	if err := value.As(&fields); err != nil {
		return value, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		fields[name] = change(name, b.Attributes[name], fields[name])
	}
	for name, nested := range b.BlockTypes {
		changed, err := nested.each(fields[name], change)
		if err != nil {
			return value, err
		}
		fields[name] = changed
	}
	return tftypes.NewValue(value.Type(), fields), nil
}

func (b BlockType) each(value tftypes.Value, change func(string, Attribute, tftypes.Value) tftypes.Value) (tftypes.Value, error) {
	if b.NestingMode == "single" {
		return b.Block.each(value, change)
	}
	if value.IsNull() || !value.IsKnown() {
		return value, nil
	}
	var elements []tftypes.Value
	if err := value.As(&elements); err != nil {
		return value, err
	}
	for at, element := range elements {
		changed, err := b.Block.each(element, change)
		if err != nil {
			return value, err
		}
		elements[at] = changed
	}
	return tftypes.NewValue(value.Type(), elements), nil
}
