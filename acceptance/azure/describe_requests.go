package main

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

var statusNames = map[string]int{"StatusOK": 200, "StatusCreated": 201, "StatusAccepted": 202, "StatusNoContent": 204, "StatusNotFound": 404}

// client takes a method of a client: one that builds a request, or one that says what a good answer is.
func (s *source) client(receiver string, function *ast.FuncDecl) {
	name := function.Name.Name
	if base, ok := strings.CutSuffix(name, "CreateRequest"); ok {
		operation := request(function)
		operation.Name = receiver + "." + capitalised(base)
		s.requests[operation.Name] = operation
		return
	}
	key := strings.Replace(receiver+"."+capitalised(name), ".Begin", ".", 1)
	key = strings.TrimSuffix(key, "Operation") // deleteOperation: a poller's method cannot be named delete
	ast.Inspect(function.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			if callee(node) == "HasStatusCode" || strings.HasSuffix(callee(node), "HandleResponse") {
				for _, argument := range node.Args[min(1, len(node.Args)):] {
					if code, ok := argument.(*ast.SelectorExpr); ok && statusNames[code.Sel.Name] != 0 {
						s.statuses[key] = append(s.statuses[key], statusNames[code.Sel.Name])
					}
				}
			}
		case *ast.KeyValueExpr:
			field, isField := node.Key.(*ast.Ident)
			value, isConstant := node.Value.(*ast.SelectorExpr)
			if isField && isConstant && field.Name == "FinalStateVia" {
				s.finals[key] = value.Sel.Name
			}
		}
		return true
	})
	if strings.HasPrefix(name, "Begin") && s.finals[key] == "" {
		s.finals[key] = "default"
	}
}

// request reads verb, path, query and body of a method that builds a request.
func request(function *ast.FuncDecl) *Operation {
	operation := &Operation{Fixed: map[string]string{}}
	parameters := map[string]string{}
	checked := map[string]bool{} // the arguments that must not be empty
	for _, list := range function.Type.Params.List {
		for _, name := range list.Names {
			parameters[name.Name] = typeName(list.Type)
		}
	}
	ast.Inspect(function.Body, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			if name, ok := node.Lhs[0].(*ast.Ident); ok && name.Name == "urlPath" && operation.Path == "" {
				operation.Path = literal(node.Rhs[0])
			}
			if index, ok := node.Lhs[0].(*ast.IndexExpr); ok {
				operation.header(index.Index, node.Rhs[0])
			}
		case *ast.SelectorExpr:
			if name, ok := node.X.(*ast.Ident); ok && name.Name == "http" && strings.HasPrefix(node.Sel.Name, "Method") {
				operation.Verb = strings.ToUpper(strings.TrimPrefix(node.Sel.Name, "Method"))
			}
		case *ast.BinaryExpr: // a parameter that is not encoded: "$filter="+value
			if name, ok := strings.CutSuffix(literal(node.X), "="); ok {
				operation.Query = append(operation.Query, name)
			}
			if name, ok := node.X.(*ast.Ident); ok && node.Op == token.EQL {
				checked[name.Name] = true
			}
		case *ast.CallExpr:
			operation.call(node, parameters, checked)
		}
		return true
	})
	return operation
}

// call takes what a call inside of a request's method adds to it.
func (operation *Operation) call(call *ast.CallExpr, parameters map[string]string, checked map[string]bool) {
	switch callee(call) {
	case "ReplaceAll":
		name := literal(call.Args[1])
		if !strings.HasPrefix(name, "{") {
			return
		}
		name = strings.Trim(name, "{}")
		escaped, ok := call.Args[2].(*ast.CallExpr)
		if !ok || callee(escaped) != "PathEscape" {
			operation.Raw = append(operation.Raw, name)
		} else if argument, ok := escaped.Args[0].(*ast.Ident); ok && !checked[argument.Name] {
			operation.Empty = append(operation.Empty, name)
		}
	case "Set":
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && len(call.Args) == 2 {
			if query, ok := method.X.(*ast.Ident); ok && query.Name == "reqQP" {
				operation.query(literal(call.Args[0]), call.Args[1])
			}
		}
	case "MarshalAsJSON":
		switch body := call.Args[1].(type) {
		case *ast.Ident:
			operation.Body = parameters[body.Name]
		case *ast.StarExpr: // *options.Parameters
			if field, ok := body.X.(*ast.SelectorExpr); ok {
				operation.Body = "?" + parameters["options"] + "." + field.Sel.Name
			}
		}
	}
}

// header reads `req.Raw().Header["x-ms-version"] = []string{"…"}`, and `["x-ms-meta-"+name]`.
func (operation *Operation) header(index, value ast.Expr) {
	if prefixed, ok := index.(*ast.BinaryExpr); ok {
		index = prefixed.X
	}
	name := strings.ToLower(literal(index))
	if name == "" {
		return
	}
	operation.Headers = append(operation.Headers, name)
	if values, ok := value.(*ast.CompositeLit); ok && name == "x-ms-version" && len(values.Elts) == 1 {
		operation.APIVersion = literal(values.Elts[0])
	}
}

func (operation *Operation) query(name string, value ast.Expr) {
	operation.Query = append(operation.Query, name)
	if name != "api-version" {
		if fixed := literal(value); fixed != "" {
			operation.Fixed[name] = fixed
		}
		return
	}
	operation.APIVersion = literal(value)
	if constant, ok := value.(*ast.Ident); ok {
		operation.APIVersion = "$" + constant.Name
	}
}

func literal(expression ast.Expr) string {
	if value, ok := expression.(*ast.BasicLit); ok && value.Kind == token.STRING {
		text, _ := strconv.Unquote(value.Value)
		return text
	}
	return ""
}

// typeName is the type as the description writes it: "[]T", "map:T", and the bare name of what another package has.
func typeName(expression ast.Expr) string {
	switch kind := expression.(type) {
	case *ast.StarExpr:
		return typeName(kind.X)
	case *ast.Ident:
		return kind.Name
	case *ast.ArrayType:
		return "[]" + typeName(kind.Elt)
	case *ast.MapType:
		return "map:" + typeName(kind.Value)
	case *ast.SelectorExpr:
		return kind.Sel.Name
	}
	return "any"
}

func callee(call *ast.CallExpr) string {
	function := call.Fun
	if generic, ok := function.(*ast.IndexExpr); ok {
		function = generic.X
	}
	switch function := function.(type) {
	case *ast.Ident:
		return function.Name
	case *ast.SelectorExpr:
		return function.Sel.Name
	}
	return ""
}

func capitalised(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
