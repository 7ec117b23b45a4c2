package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The packages hold generated TypeScript (in the source maps of their JavaScript). Its form is fixed: a schema's block is an
// interface (what can be written), a function or method that writes HCL (types), and a class whose comments say of each
// attribute "name - computed: false, optional: true, required: false".

var (
	declaration = regexp.MustCompile(`^export (interface|function|class) (\w+)`)
	property    = regexp.MustCompile(`^  readonly (\w+)(\??): (.*);$`)
	described   = regexp.MustCompile(`^  \* (\w+) block$`)
	flags       = regexp.MustCompile(`^  // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)$`)
	field       = regexp.MustCompile(`^  private _\w+ = new (?:cdktf\.)?(\w+)\(this, "\w+"(?:, (true|false))?\)`)
	hclName     = regexp.MustCompile(`^ {4,6}(\w+): \{$`)
	hclPart     = regexp.MustCompile(`^ {6,8}(value|isBlock|type|storageClassType): (.*),$`)
)

// Source is the declarations of one type's TypeScript, by name, as their lines.
type Source struct {
	interfaces, functions, classes map[string][]string
}

func readSource(text string) Source {
	source := Source{map[string][]string{}, map[string][]string{}, map[string][]string{}}
	var open []string
	var into map[string][]string
	var name string
	for _, line := range strings.Split(text, "\n") {
		if found := declaration.FindStringSubmatch(line); found != nil {
			into = map[string]map[string][]string{
				"interface": source.interfaces, "function": source.functions, "class": source.classes,
			}[found[1]]
			name, open = found[2], nil
		}
		if into == nil {
			continue
		}
		open = append(open, line)
		if line == "}" {
			into[name] = open
			into = nil
		}
	}
	return source
}

// written says how HCL is written for an attribute or block.
type written struct{ Value, IsBlock, Type, StorageClassType string }

// top is the class of the type itself and the block that it describes.
func (s Source) top() (Block, error) {
	for name, class := range s.classes {
		head := class[0]
		if !strings.Contains(head, "extends cdktf.TerraformResource") &&
			!strings.Contains(head, "extends cdktf.TerraformDataSource") &&
			!strings.Contains(head, "extends cdktf.TerraformProvider") {
			continue
		}
		block, err := s.block(name+"Config", class, hclOf(class))
		if strings.Contains(head, "extends cdktf.TerraformProvider") {
			// Terraform's own.
			delete(block.Attributes, "alias")
		}
		return block, err
	}
	return Block{}, fmt.Errorf("no class of a type is in the source")
}

// nested is the block or object that a struct's name stands for.
func (s Source) nested(name string) (Block, error) {
	if _, ok := s.interfaces[name]; !ok {
		return Block{}, fmt.Errorf("no interface %s", name)
	}
	function := strings.ToLower(name[:1]) + name[1:] + "ToHclTerraform"
	return s.block(name, s.classes[name+"OutputReference"], hclOf(s.functions[function]))
}

// hclOf are the entries of the object `attrs` in a function or method.
func hclOf(body []string) map[string]written {
	found := map[string]written{}
	var name string
	var entry written
	for _, line := range body {
		if part := hclName.FindStringSubmatch(line); part != nil {
			name, entry = part[1], written{}
		}
		if part := hclPart.FindStringSubmatch(line); part != nil && name != "" {
			value := strings.Trim(part[2], `"`)
			switch part[1] {
			case "value":
				entry.Value = value
			case "isBlock":
				entry.IsBlock = value
			case "type":
				entry.Type = value
			case "storageClassType":
				entry.StorageClassType = value
				found[name] = entry
				name = ""
			}
		}
	}
	return found
}

// input is what an interface says of one of its properties.
type input struct{ Required, Block bool }

func inputsOf(body []string) map[string]input {
	found := map[string]input{}
	var name string
	var block bool
	for _, line := range body {
		switch {
		case strings.HasPrefix(line, "  /**"):
			name, block = "", false
		case described.MatchString(line):
			block = true
		}
		if at := strings.Index(line, "{@link "); at >= 0 && strings.Contains(line, "Docs at Terraform Registry") {
			link := strings.TrimSuffix(strings.TrimSpace(line), "}")
			name = link[strings.LastIndex(link, "#")+1:]
		}
		if part := property.FindStringSubmatch(line); part != nil && name != "" {
			found[name] = input{Required: part[2] == "", Block: block}
		}
	}
	return found
}

// block joins what the three places say.
func (s Source) block(config string, class []string, hcl map[string]written) (Block, error) {
	block := Block{Attributes: map[string]Attribute{}, BlockTypes: map[string]BlockType{}}
	inputs := inputsOf(s.interfaces[config])
	for name, entry := range hcl {
		if _, ok := inputs[name]; !ok && name != "alias" {
			return block, fmt.Errorf("%s.%s is written and no property", config, name)
		}
		if inputs[name].Block {
			nested, err := s.blockType(entry, inputs[name].Required)
			if err != nil {
				return block, fmt.Errorf("%s.%s: %w", config, name, err)
			}
			block.BlockTypes[name] = nested
			continue
		}
		kind, err := s.writtenType(entry)
		if err != nil {
			return block, fmt.Errorf("%s.%s: %w", config, name, err)
		}
		block.Attributes[name] = Attribute{Type: kind, Required: inputs[name].Required, Optional: !inputs[name].Required}
	}
	for name := range inputs {
		_, attribute := block.Attributes[name]
		_, nested := block.BlockTypes[name]
		if !attribute && !nested {
			return block, fmt.Errorf("%s.%s is a property and not written", config, name)
		}
	}
	return block, s.readClass(config, class, &block)
}

// readClass adds what only the class knows: which attributes are computed, and those that nobody can write.
func (s Source) readClass(config string, class []string, block *Block) error {
	for at, line := range class {
		said := flags.FindStringSubmatch(line)
		if said == nil {
			continue
		}
		name, computed := said[1], said[2] == "true"
		if _, ok := block.BlockTypes[name]; ok {
			continue
		}
		attribute, ok := block.Attributes[name]
		if !ok {
			kind, err := s.readType(class[at+1:])
			if err != nil {
				return fmt.Errorf("%s.%s: %w", config, name, err)
			}
			attribute.Type = kind
		}
		attribute.Computed = computed
		block.Attributes[name] = attribute
	}
	return nil
}

func (s Source) blockType(entry written, required bool) (BlockType, error) {
	name, single := strings.CutSuffix(entry.StorageClassType, "List")
	single = !single || !strings.Contains(entry.Value, "listMapperHcl(")
	nested, err := s.nested(name)
	if err != nil {
		return BlockType{}, err
	}
	found := BlockType{NestingMode: entry.Type, Block: nested}
	switch entry.Type {
	case "struct":
		found.NestingMode = "single"
	case "list", "set":
		if required {
			found.MinItems = 1
		}
		if single {
			found.MaxItems = 1
		}
	default:
		return found, fmt.Errorf("a block of the kind %q", entry.Type)
	}
	return found, nil
}
