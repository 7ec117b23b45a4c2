package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

// walk holds a JSON value against the models of a service.
type walk struct {
	service  *Service
	sending  bool
	findings *findings
}

func (w walk) value(at, kind string, value any) {
	if value == nil {
		return
	}
	switch {
	case kind == "[]byte":
		text, ok := value.(string)
		_, err := base64.StdEncoding.DecodeString(text)
		w.expect(ok && err == nil, at, value, "base64")
	case strings.HasPrefix(kind, "[]"):
		list, ok := value.([]any)
		w.expect(ok, at, value, "a list")
		for i, element := range list {
			w.value(fmt.Sprintf("%s[%d]", at, i), kind[2:], element)
		}
	case strings.HasPrefix(kind, "map:"):
		object, ok := value.(map[string]any)
		w.expect(ok, at, value, "a map")
		for name, element := range object {
			w.value(at+"."+name, kind[4:], element)
		}
	case kind == "string" || kind == "ID" || kind == "ETag":
		_, ok := value.(string)
		w.expect(ok, at, value, "a string")
	case kind == "Time":
		w.expect(isTime(value), at, value, "a time")
	case kind == "bool":
		_, ok := value.(bool)
		w.expect(ok, at, value, "a bool")
	case strings.HasPrefix(kind, "int"):
		number, ok := value.(float64)
		w.expect(ok && number == float64(int64(number)), at, value, kind)
	case strings.HasPrefix(kind, "float"):
		_, ok := value.(float64)
		w.expect(ok, at, value, kind)
	case w.service.Enums[kind] != nil:
		if text, ok := value.(string); !ok || !slices.Contains(w.service.Enums[kind], text) {
			w.findings.say("%s = %v, description has %v", at, value, w.service.Enums[kind])
		}
	case w.service.Models[kind] != nil:
		object, ok := value.(map[string]any)
		w.expect(ok, at, value, kind)
		if ok {
			w.model(at, kind, object)
		}
	}
}

func (w walk) model(at, kind string, object map[string]any) {
	fields := w.service.Models[kind]
	for name, value := range object {
		field, known := fields[name]
		if !known {
			field, known = fields["*"]
		}
		switch {
		case !known:
			w.findings.say("%s.%s unknown in %s", at, name, kind)
		case w.sending && field.ReadOnly:
			w.findings.say("%s.%s is read-only", at, name)
		default:
			w.value(at+"."+name, field.Type, value)
		}
	}
	for name, field := range fields {
		if value := object[name]; field.Required && value == nil {
			w.findings.say("%s.%s required, missing", at, name)
		}
	}
}

func (w walk) expect(holds bool, at string, value any, wanted string) {
	if !holds {
		w.findings.say("%s is %T, description has %s", at, value, wanted)
	}
}

// isTime takes RFC 3339 and the seconds since 1970, which Key Vault has.
func isTime(value any) bool {
	switch value := value.(type) {
	case float64:
		return true
	case string:
		_, err := time.Parse(time.RFC3339Nano, value)
		return err == nil
	}
	return false
}
