package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Headers that all requests to the blob service may have.
var anyBlobHeader = []string{"x-ms-date", "x-ms-version", "x-ms-client-request-id", "x-ms-return-client-request-id"}

// CheckBlob says in which ways a request to the blob service leaves the description. Several operations can be meant by one
// address: the one that it fits best counts.
func (checker *Checker) CheckBlob(verb, on string, query url.Values, header http.Header) []string {
	var best []string
	known := false
	for _, operation := range checker.blobs {
		if operation.Verb != verb || operation.on() != on || !operation.meant(query) {
			continue
		}
		if found := operation.checkBlob(query, header); !known || len(found) < len(best) {
			best, known = found, true
		}
	}
	if !known {
		return []string{fmt.Sprintf("unknown operation: %s of a %s with %v", verb, on, query)}
	}
	return best
}

// on is what an operation is about.
func (operation *Operation) on() string {
	client, _, _ := strings.Cut(operation.Name, ".")
	switch client {
	case "ServiceClient":
		return "account"
	case "ContainerClient":
		return "container"
	}
	return "blob"
}

// meant says whether the query names the operation: by all of what is fixed, and by no other `comp` or `restype`.
func (operation *Operation) meant(query url.Values) bool {
	for name, value := range operation.Fixed {
		if query.Get(name) != value {
			return false
		}
	}
	return query.Get("comp") == operation.Fixed["comp"] && query.Get("restype") == operation.Fixed["restype"]
}

func (operation *Operation) checkBlob(query url.Values, header http.Header) []string {
	findings := &findings{operation: "azblob." + operation.Name}
	for name := range query {
		if !slices.Contains(operation.Query, name) {
			findings.say("unknown query parameter %s", name)
		}
	}
	for name := range header {
		name = strings.ToLower(name)
		known := slices.Contains(anyBlobHeader, name) || slices.ContainsFunc(operation.Headers, func(other string) bool {
			return name == other || strings.HasSuffix(other, "-") && strings.HasPrefix(name, other)
		})
		if strings.HasPrefix(name, "x-ms-") && !known {
			findings.say("unknown header %s", name)
		}
	}
	return findings.said
}
