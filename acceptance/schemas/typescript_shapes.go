package main

import (
	"fmt"
	"regexp"
	"strings"
)

var scalars = map[string]string{"string": "string", "number": "number", "boolean": "bool"}

// Collections that the generator's library names itself.
var libraryTypes = map[string]Type{
	"StringMap":     collection("map", Type{Kind: "string"}),
	"NumberMap":     collection("map", Type{Kind: "number"}),
	"BooleanMap":    collection("map", Type{Kind: "bool"}),
	"StringMapList": collection("list", collection("map", Type{Kind: "string"})),
}

// How a getter reads an attribute that nobody writes. Numbers of a set come through a token.
var getters = []struct {
	expression *regexp.Regexp
	kind       Type
}{
	{regexp.MustCompile(`return this\.getStringAttribute\(`), Type{Kind: "string"}},
	{regexp.MustCompile(`return this\.getNumberAttribute\(`), Type{Kind: "number"}},
	{regexp.MustCompile(`return this\.getBooleanAttribute\(`), Type{Kind: "bool"}},
	{regexp.MustCompile(`return this\.getListAttribute\(`), collection("list", Type{Kind: "string"})},
	{regexp.MustCompile(`return cdktf\.Fn\.tolist\(this\.getListAttribute\(`), collection("set", Type{Kind: "string"})},
	{regexp.MustCompile(`return this\.getNumberListAttribute\(`), collection("list", Type{Kind: "number"})},
	{regexp.MustCompile(`return cdktf\.Token\.asNumberList\(cdktf\.Fn\.tolist\(`), collection("set", Type{Kind: "number"})},
}

// writtenType is the type of an attribute that can be written.
func (s Source) writtenType(entry written) (Type, error) {
	storage := entry.StorageClassType
	switch entry.Type {
	case "simple":
		if kind, ok := scalars[storage]; ok {
			return Type{Kind: kind}, nil
		}
	case "map":
		if kind, ok := scalars[strings.TrimSuffix(storage, "Map")]; ok {
			return collection("map", Type{Kind: kind}), nil
		}
	case "list", "set":
		element := strings.TrimSuffix(storage, "List")
		if kind, ok := scalars[element]; ok {
			return collection(entry.Type, Type{Kind: kind}), nil
		}
		object, err := s.object(element)
		return collection(entry.Type, object), err
	}
	return Type{}, fmt.Errorf("an attribute of the kind %q, kept as %q", entry.Type, storage)
}

// readType is the type of an attribute that is only read; `body` begins below its comment.
func (s Source) readType(body []string) (Type, error) {
	if made := field.FindStringSubmatch(body[0]); made != nil {
		class := made[1]
		if kind, ok := libraryTypes[class]; ok {
			return kind, nil
		}
		name, isList := strings.CutSuffix(class, "List")
		if !isList {
			return Type{}, fmt.Errorf("read through %s", class)
		}
		object, err := s.object(name)
		if made[2] == "true" {
			return collection("set", object), err
		}
		return collection("list", object), err
	}
	for _, line := range body[:min(3, len(body))] {
		for _, getter := range getters {
			if getter.expression.MatchString(line) {
				return getter.kind, nil
			}
		}
	}
	return Type{}, fmt.Errorf("read by %q", strings.TrimSpace(strings.Join(body[:min(2, len(body))], " ")))
}

// object is a struct as a type: it has attributes only.
func (s Source) object(name string) (Type, error) {
	block, err := s.nested(name)
	if err != nil {
		return Type{}, err
	}
	fields := map[string]Type{}
	for field, attribute := range block.Attributes {
		fields[field] = attribute.Type
	}
	for field, nested := range block.BlockTypes {
		inner := map[string]Type{}
		for name, attribute := range nested.Block.Attributes {
			inner[name] = attribute.Type
		}
		if len(nested.Block.BlockTypes) > 0 {
			return Type{}, fmt.Errorf("%s.%s holds blocks", name, field)
		}
		fields[field] = collection(nested.NestingMode, Type{Kind: "object", Fields: inner})
	}
	return Type{Kind: "object", Fields: fields}, nil
}
