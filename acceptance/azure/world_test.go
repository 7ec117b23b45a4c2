package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// world is a stand-in with one subscription, and its owner's client.
type world struct {
	*testing.T
	server *Server
	http   *httptest.Server
	id     string
	token  string
}

func newWorld(t *testing.T) *world {
	server, err := newServer(described)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, server: server, http: httptest.NewTLSServer(server), id: identifier()}
	w.token = "owner." + w.id
	w.http.Client().Timeout = 10 * time.Second
	t.Cleanup(func() {
		w.http.Close()
		for _, violation := range server.subscriptionOf(w.id).violations {
			t.Errorf("violation: %s", violation)
		}
	})
	w.must(http.StatusCreated, "PUT", w.group()+"?api-version=2021-04-01", `{"location":"westeurope"}`)
	return w
}

func (w *world) group() string { return "/subscriptions/" + w.id + "/resourceGroups/acme" }

func (w *world) do(method, path, body string, headers ...string) (*http.Response, Object) {
	w.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = w.http.URL + path
	}
	request, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.http.Client().Do(request)
	if err != nil {
		return nil, Object{"lost": err.Error()}
	}
	text, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	var object Object
	if json.Unmarshal(text, &object) != nil {
		object = Object{"text": string(text)}
	}
	return response, object
}

func (w *world) must(status int, method, path, body string, headers ...string) Object {
	w.Helper()
	response, object := w.do(method, path, body, headers...)
	if response == nil || response.StatusCode != status {
		w.Fatalf("%s %s: %v instead of %d: %v", method, path, response, status, object)
	}
	return object
}

// refused expects an error of Resource Manager or a vault with this code.
func (w *world) refused(status int, code, method, path, body string, headers ...string) {
	w.Helper()
	object := w.must(status, method, path, body, headers...)
	if found := textIn(object, "error", "code"); found != code {
		w.Fatalf("%s %s: %s instead of %s: %v", method, path, found, code, object)
	}
}

func (w *world) administer(method, path, body string) Object {
	w.Helper()
	return w.must(http.StatusOK, method, "/_subscriptions/"+w.id+"/"+path, body)
}

func (w *world) as(token string, then func()) {
	w.Helper()
	own := w.token
	w.token = token
	then()
	w.token = own
}

// made PUTs and waits as the answer says.
func (w *world) made(path, body string) Object {
	w.Helper()
	response, object := w.do("PUT", path, body)
	if response == nil || response.StatusCode > 202 {
		w.Fatalf("PUT %s: %v %v", path, response, object)
	}
	if link := response.Header.Get("Azure-AsyncOperation"); link != "" {
		for textIn(object, "status") != "Succeeded" {
			object = w.must(http.StatusOK, "GET", link, "")
		}
		return w.must(http.StatusOK, "GET", path, "")
	}
	for response.StatusCode == http.StatusAccepted {
		response, object = w.do("GET", response.Header.Get("Location"), "")
	}
	return object
}

func (w *world) account(name string) string {
	w.Helper()
	id := w.group() + "/providers/Microsoft.Storage/storageAccounts/" + name
	w.made(id+"?api-version=2024-01-01", `{"kind":"StorageV2","location":"westeurope","sku":{"name":"Standard_LRS"}}`)
	w.must(http.StatusCreated, "PUT", id+"/blobServices/default/containers/data?api-version=2024-01-01", `{}`)
	return id
}

func (w *world) vault(name string) string {
	w.Helper()
	id := w.group() + "/providers/Microsoft.KeyVault/vaults/" + name
	w.made(id+"?api-version=2024-11-01", `{"location":"westeurope","properties":{"tenantId":"`+tenant+`","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":true}}`)
	return id
}

func (w *world) identity(name string) (id, principal, client string) {
	w.Helper()
	id = w.group() + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" + name
	made := w.must(http.StatusCreated, "PUT", id+"?api-version=2024-11-30", `{"location":"westeurope"}`)
	return id, textIn(made, "properties", "principalId"), textIn(made, "properties", "clientId")
}

func (w *world) assign(status int, scope, principal, role, condition string) Object {
	w.Helper()
	properties := Object{"principalId": principal, "principalType": "ServicePrincipal", "roleDefinitionId": definitionID("/subscriptions/"+w.id, roleID(role))}
	if condition != "" {
		properties["condition"], properties["conditionVersion"] = condition, "2.0"
	}
	body, _ := json.Marshal(Object{"properties": properties})
	return w.must(status, "PUT", scope+"/providers/Microsoft.Authorization/roleAssignments/"+identifier()+"?api-version=2022-04-01", string(body))
}
