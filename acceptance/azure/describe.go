package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// source is what the files of one package say, before its parts are put together.
type source struct {
	name     string
	structs  map[string]map[string]Field  // by struct and Go field
	wire     map[string]map[string]string // wire names, by struct and Go field
	embedded map[string]string            // the body of a response struct
	enums    map[string][]string
	versions map[string]string // string constants named after a version
	requests map[string]*Operation
	statuses map[string][]int
	finals   map[string]string
}

// describePackage reads a generated package of Microsoft's Go SDK. One generator wrote all of them, so their shape is the same.
func describePackage(folder string) (*Service, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	s := &source{
		structs: map[string]map[string]Field{}, wire: map[string]map[string]string{}, embedded: map[string]string{},
		enums: map[string][]string{}, versions: map[string]string{}, requests: map[string]*Operation{},
		statuses: map[string][]int{}, finals: map[string]string{},
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		s.name = file.Name.Name
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.GenDecl:
				s.declared(declaration)
			case *ast.FuncDecl:
				s.method(declaration)
			}
		}
	}
	return s.service(), nil
}

// declared takes structs and constants.
func (s *source) declared(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if fields, ok := spec.Type.(*ast.StructType); ok {
				s.structs[spec.Name.Name] = s.fields(spec.Name.Name, fields)
			}
		case *ast.ValueSpec:
			if declaration.Tok == token.CONST && len(spec.Names) == 1 && len(spec.Values) == 1 {
				s.constant(spec)
			}
		}
	}
}

func (s *source) fields(owner string, fields *ast.StructType) map[string]Field {
	found := map[string]Field{}
	for _, field := range fields.Fields.List {
		kind := typeName(field.Type)
		if len(field.Names) == 0 {
			s.embedded[owner] = kind
			continue
		}
		comment := strings.TrimSpace(field.Doc.Text())
		for _, name := range field.Names {
			found[name.Name] = Field{
				Type:     kind,
				ReadOnly: strings.HasPrefix(comment, "READ-ONLY"),
				Required: strings.HasPrefix(comment, "REQUIRED"),
			}
		}
	}
	return found
}

func (s *source) constant(spec *ast.ValueSpec) {
	value := literal(spec.Values[0])
	if spec.Type != nil {
		if enum := typeName(spec.Type); value != "" || enum != "string" {
			s.enums[enum] = append(s.enums[enum], value)
		}
	}
	if name := spec.Names[0].Name; strings.Contains(strings.ToLower(name), "version") {
		s.versions[name] = value
	}
}

func (s *source) method(function *ast.FuncDecl) {
	if function.Recv == nil || function.Body == nil {
		return
	}
	receiver := typeName(function.Recv.List[0].Type)
	switch {
	case function.Name.Name == "MarshalJSON":
		s.wire[receiver] = wireNames(function)
	case strings.HasSuffix(receiver, "Client"):
		s.client(receiver, function)
	}
}

// wireNames reads `populate(objectMap, "wireName", s.GoName)`, and `objectMap["kind"] = …` of types with variants.
func wireNames(function *ast.FuncDecl) map[string]string {
	names := map[string]string{}
	ast.Inspect(function.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			if strings.HasPrefix(callee(node), "populate") && len(node.Args) >= 3 {
				if field, ok := node.Args[2].(*ast.SelectorExpr); ok {
					names[field.Sel.Name] = literal(node.Args[1])
				}
			}
		case *ast.AssignStmt:
			if index, ok := node.Lhs[0].(*ast.IndexExpr); ok && len(node.Lhs) == 1 {
				if name := literal(index.Index); name != "" {
					names[capitalised(name)] = name
				}
			}
		}
		return true
	})
	return names
}

// service puts the parts together.
func (s *source) service() *Service {
	service := &Service{Package: s.name, Models: map[string]map[string]Field{}, Enums: s.enums}
	for owner, fields := range s.structs {
		names, ok := s.wire[owner]
		if !ok {
			continue
		}
		model := map[string]Field{}
		for name, field := range fields {
			if wire := names[name]; wire != "" {
				model[wire] = field
			}
		}
		if field, ok := fields["AdditionalProperties"]; ok {
			model["*"] = Field{Type: strings.TrimPrefix(field.Type, "map:")}
		}
		service.Models[owner] = model
	}
	for name, operation := range s.requests {
		if s.complete(name, operation) {
			service.Operations = append(service.Operations, operation)
		}
	}
	slices.SortFunc(service.Operations, func(a, b *Operation) int { return strings.Compare(a.Name, b.Name) })
	return service
}

// complete adds to a request what the other methods say of its operation; false is for a generic call that names no API.
func (s *source) complete(name string, operation *Operation) bool {
	if strings.Count(strings.Trim(operation.Path, "/"), "/") == 0 && len(operation.Raw) > 0 {
		return false // addressed by a bare resource id: it would match every path
	}
	if constant, ok := strings.CutPrefix(operation.APIVersion, "$"); ok {
		operation.APIVersion = s.versions[constant]
	}
	if operation.APIVersion == "" {
		return false
	}
	operation.Status, operation.LRO = s.statuses[name], s.finals[name]
	if len(operation.Status) == 0 {
		operation.Status = []int{200} // the fetcher of a pager takes nothing else
	}
	if option, ok := strings.CutPrefix(operation.Body, "?"); ok {
		owner, field, _ := strings.Cut(option, ".")
		operation.Body, operation.Bodiless = s.structs[owner][field].Type, true
	}
	client, method, _ := strings.Cut(name, ".")
	operation.Response = s.embedded[client+method+"Response"]
	if operation.Response == "" {
		operation.Response = s.embedded[method+"Response"] // packages of a data plane have one client
	}
	return true
}
