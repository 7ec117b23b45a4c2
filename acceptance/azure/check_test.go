package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

var described *Checker

func TestMain(m *testing.M) {
	services, err := describeAll()
	if err != nil {
		panic(err)
	}
	described = newChecker(services)
	os.Exit(m.Run())
}

const (
	group   = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/acme"
	account = group + "/providers/Microsoft.Storage/storageAccounts/acme"
)

func TestEveryHandlerIsAnOperationOfTheDescription(t *testing.T) {
	known := map[string]bool{}
	for _, route := range described.routes {
		known[route.Key()] = true
	}
	for name := range handlers {
		if !known[name] {
			t.Errorf("%s is in no package of the SDK", name)
		}
	}
	if len(described.routes) < 500 {
		t.Errorf("only %d operations were found", len(described.routes))
	}
}

func TestWhatIsRightPasses(t *testing.T) {
	for url, body := range map[string]string{
		account + "?api-version=2024-01-01": `{"kind":"StorageV2","location":"westeurope","sku":{"name":"Standard_LRS"},"tags":{"a":"b"},"properties":{"allowSharedKeyAccess":false,"isHnsEnabled":true,
			"networkAcls":{"defaultAction":"Deny","ipRules":[{"value":"1.2.3.4"}]},"encryption":{"keySource":"Microsoft.Keyvault","keyvaultproperties":{"keyname":"k","keyvaulturi":"https://v"}}}}`,
		account + "/blobServices/default/containers/c?api-version=2024-01-01":                                                         `{}`,
		account + "/providers/Microsoft.Authorization/roleAssignments/x?api-version=2022-04-01":                                       `{"properties":{"roleDefinitionId":"/r","principalId":"p","principalType":"ServicePrincipal"}}`,
		group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u/federatedIdentityCredentials/f?api-version=2024-11-30": `{"properties":{"issuer":"https://i","subject":"s","audiences":["a"]}}`,
		"/secrets/s?api-version=2025-07-01": `{"value":"x"}`,
	} {
		if found := described.Check(Record{Method: "PUT", URL: url, Body: json.RawMessage(body)}); len(found) > 0 {
			t.Errorf("%s: %v", url, found)
		}
	}
}

func TestEachMistakeIsFound(t *testing.T) {
	put := func(url, body string) Record { return Record{Method: "PUT", URL: url, Body: json.RawMessage(body)} }
	sized := func(properties string) Record {
		return put(account+"?api-version=2024-01-01", `{"kind":"StorageV2","location":"l","sku":{"name":"Standard_LRS"},"properties":`+properties+`}`)
	}
	answered := func(status int, body string) Record {
		record := sized(`{}`)
		record.Status, record.Response = status, json.RawMessage(body)
		return record
	}
	for wanted, record := range map[string]Record{
		"allowSharedKeyAcces unknown":                    sized(`{"allowSharedKeyAcces":false}`),
		"provisioningState unknown":                      sized(`{"provisioningState":"Succeeded"}`),
		"lastEnabledTime is read-only":                   sized(`{"encryption":{"keySource":"Microsoft.Storage","services":{"blob":{"lastEnabledTime":"2026-01-01T00:00:00Z"}}}}`),
		"networkAcls.defaultAction required":             sized(`{"networkAcls":{}}`),
		"isHnsEnabled is string, description has a bool": sized(`{"isHnsEnabled":"yes"}`),
		"request.sku required":                           put(account+"?api-version=2024-01-01", `{"kind":"StorageV2","location":"l"}`),
		"request.kind = StorageV9":                       put(account+"?api-version=2024-01-01", `{"kind":"StorageV9","location":"l","sku":{"name":"Standard_LRS"}}`),
		"allowedMethods[0] = put":                        put(account+"/blobServices/default?api-version=2024-01-01", `{"properties":{"cors":{"corsRules":[{"allowedHeaders":[],"allowedMethods":["put"],"allowedOrigins":[],"exposedHeaders":[],"maxAgeInSeconds":1}]}}}`),
		"filters.blobTypes required":                     put(account+"/managementPolicies/default?api-version=2024-01-01", `{"properties":{"policy":{"rules":[{"name":"r","type":"Lifecycle","definition":{"actions":{},"filters":{}}}]}}}`),
		"subject required":                               put(group+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u/federatedIdentityCredentials/f?api-version=2024-11-30", `{"properties":{"issuer":"i","audiences":[]}}`),
		`api-version "2023-01-01"`:                       put(account+"?api-version=2023-01-01", `{"kind":"StorageV2","location":"l","sku":{"name":"Standard_LRS"}}`),
		"unknown query parameter foo":                    {Method: "GET", URL: account + "?api-version=2024-01-01&foo=1"},
		"unknown operation":                              {Method: "GET", URL: group + "/providers/Microsoft.Nope/x/y?api-version=2024-01-01"},
		"operation takes no body":                        {Method: "DELETE", URL: account + "?api-version=2024-01-01", Body: json.RawMessage(`{}`)},
		"body of RoleAssignmentCreateParameters":         put(account+"/providers/Microsoft.Authorization/roleAssignments/x?api-version=2022-04-01", ""),
		"attributes.created is read-only":                put("/secrets/s?api-version=2025-07-01", `{"value":"x","attributes":{"created":1}}`),
		"status 201":                                     answered(201, `{"location":"l"}`),
		"response.surprise unknown":                      answered(200, `{"location":"l","surprise":1}`),
		"response.properties.creationTime":               answered(200, `{"location":"l","properties":{"creationTime":"Tue, 03 Mar 2026 10:00:00 GMT"}}`),
	} {
		found := strings.Join(described.Check(record), "\n")
		if !strings.Contains(found, wanted) {
			t.Errorf("%s: found only %q", wanted, found)
		}
	}
}

func TestRequestsForBlobsAreDescribed(t *testing.T) {
	header := func(names ...string) http.Header {
		made := http.Header{"X-Ms-Version": {"2021-12-02"}}
		for _, name := range names {
			made.Set(name, "x")
		}
		return made
	}
	query := func(text string) url.Values {
		parsed, _ := url.ParseQuery(text)
		return parsed
	}
	for _, good := range []struct {
		verb, on, query string
		header          http.Header
	}{
		{"GET", "container", "restype=container&comp=list&include=versions&marker=m", header()},
		{"GET", "container", "restype=container&comp=list&delimiter=/", header()},
		{"PUT", "blob", "", header("x-ms-blob-type", "x-ms-meta-mine")},
		{"DELETE", "blob", "versionid=v", header("x-ms-delete-snapshots")},
	} {
		if found := described.CheckBlob(good.verb, good.on, query(good.query), good.header); len(found) > 0 {
			t.Errorf("%v: %v", good, found)
		}
	}
	for wanted, bad := range map[string][3]string{
		"unknown operation":            {"GET", "container", "restype=container&comp=lists"},
		"unknown query parameter pre":  {"GET", "container", "restype=container&comp=list&pre=x"},
		"unknown query parameter vers": {"DELETE", "blob", "vers=x"},
		"unknown operation: PATCH":     {"PATCH", "blob", ""},
	} {
		if found := strings.Join(described.CheckBlob(bad[0], bad[1], query(bad[2]), header()), "\n"); !strings.Contains(found, wanted) {
			t.Errorf("%s: found only %q", wanted, found)
		}
	}
	if found := strings.Join(described.CheckBlob("DELETE", "blob", nil, header("x-ms-delete-snapshot")), "\n"); !strings.Contains(found, "unknown header x-ms-delete-snapshot") {
		t.Error(found)
	}
}
