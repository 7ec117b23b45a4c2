package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	client := w.http.Client()
	client.Timeout = 10 * time.Second
	response, err := client.Do(request)
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

func TestAViolationIsRefusedAndRecorded(t *testing.T) {
	w := newWorld(t)
	w.refused(400, "DescriptionViolated", "PUT", w.group()+"?api-version=2021-04-01", `{"location":"westeurope","colour":"red"}`)
	sub := w.server.subscriptionOf(w.id)
	if len(sub.violations) != 1 || !strings.Contains(sub.violations[0], "colour unknown") {
		t.Fatalf("%v", sub.violations)
	}
	sub.violations = nil
}

func TestSubscriptionsAreApart(t *testing.T) {
	w := newWorld(t)
	w.as("owner."+identifier(), func() {
		w.refused(403, "AuthorizationFailed", "GET", w.group()+"?api-version=2021-04-01", "")
	})
	w.as("nonsense", func() {
		w.refused(401, "InvalidAuthenticationToken", "GET", w.group()+"?api-version=2021-04-01", "")
	})
	w.refused(404, "SubscriptionNotFound", "GET", "/subscriptions/"+identifier()+"?api-version=2022-12-01", "")
	w.refused(404, "ResourceGroupNotFound", "PUT", strings.Replace(w.group(), "acme", "none", 1)+"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc?api-version=2024-11-30", `{"location":"westeurope"}`)
	w.account("standinone")
	other := newWorld(t)
	other.server.global = w.server.global
	other.refused(409, "StorageAccountAlreadyTaken", "PUT", other.group()+"/providers/Microsoft.Storage/storageAccounts/standinone?api-version=2024-01-01",
		`{"kind":"StorageV2","location":"westeurope","sku":{"name":"Standard_LRS"}}`)
}

func TestAPodsTokenBecomesItsIdentity(t *testing.T) {
	w := newWorld(t)
	keys, _ := newSigningKey()
	set, _ := json.Marshal(Object{"issuer": "https://cluster", "keys": keys.set()})
	w.must(200, "PUT", "/_issuers", string(set))
	id, principal, client := w.identity("runner")
	w.administer("PUT", "settings", `{"federationDelay":1}`)
	w.must(201, "PUT", id+"/federatedIdentityCredentials/pod?api-version=2024-11-30",
		`{"properties":{"issuer":"https://cluster","subject":"system:serviceaccount:a:b","audiences":["api://AzureADTokenExchange"]}}`)
	ask := func(claims Claims) (int, Object) {
		assertion, _ := keys.sign(claims)
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "scope": {"https://storage.azure.com/.default"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
		response, object := w.do("POST", "/"+tenant+"/oauth2/v2.0/token", form.Encode())
		return response.StatusCode, object
	}
	good := Claims{"iss": "https://cluster", "sub": "system:serviceaccount:a:b", "aud": []string{"api://AzureADTokenExchange"}, "exp": time.Now().Add(time.Hour).Unix()}
	but := func(name string, value any) Claims {
		claims := Claims{}
		for n, v := range good {
			claims[n] = v
		}
		claims[name] = value
		return claims
	}
	for code, claims := range map[string]Claims{
		"AADSTS700211": but("iss", "https://other"), "AADSTS700213": but("sub", "system:serviceaccount:a:c"),
		"AADSTS700212": but("aud", "sts.amazonaws.com"), "AADSTS700024": but("exp", 1), "AADSTS70021:": good, // not known yet
	} {
		if status, said := ask(claims); status < 400 || !strings.Contains(textIn(said, "error_description"), code) {
			t.Errorf("%s: %d %v", code, status, said)
		}
	}
	status, said := ask(good)
	if status != 200 {
		t.Fatalf("%d %v", status, said)
	}
	account := w.account("standinpods")
	w.as(textIn(said, "access_token"), func() {
		list := func(status int, prefix string) {
			t.Helper()
			w.must(status, "GET", "/blob/standinpods/data?restype=container&comp=list&prefix="+prefix, "", "x-ms-version", "2021-12-02")
		}
		list(403, "")
		w.as("owner."+w.id, func() {
			clause := "((!(ActionMatches{'" + blobs + "read'} AND SubOperationMatches{'Blob.List'})) OR (@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix] StringStartsWith 'org/a/'))" +
				" AND ((!(ActionMatches{'" + blobs + "read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'org/a/'))"
			w.assign(201, account+"/blobServices/default/containers/data", principal, "Storage Blob Data Reader", clause)
			w.must(201, "PUT", "/blob/standinpods/data/org/a/1", "x", "x-ms-version", "2021-12-02", "x-ms-blob-type", "BlockBlob")
			w.must(201, "PUT", "/blob/standinpods/data/org/b/1", "x", "x-ms-version", "2021-12-02", "x-ms-blob-type", "BlockBlob")
		})
		list(403, "")
		list(200, "org/a/")
		list(403, "org/b/")
		w.must(200, "GET", "/blob/standinpods/data/org/a/1", "", "x-ms-version", "2021-12-02")
		w.must(403, "GET", "/blob/standinpods/data/org/b/1", "", "x-ms-version", "2021-12-02")
		w.must(403, "DELETE", "/blob/standinpods/data/org/a/1", "", "x-ms-version", "2021-12-02")
		// A token for storage is for nothing else.
		w.refused(401, "InvalidAuthenticationToken", "GET", w.group()+"?api-version=2021-04-01", "")
	})
}

func TestRolesAreAssignedByTheRules(t *testing.T) {
	w := newWorld(t)
	w.administer("PUT", "settings", `{"principalDelay":1,"propagation":2}`)
	_, principal, _ := w.identity("runner")
	if said := w.assign(400, w.group(), principal, "Reader", ""); textIn(said, "error", "code") != "PrincipalNotFound" {
		t.Fatal(said)
	}
	made := w.assign(201, w.group(), principal, "Reader", "")
	if said := w.assign(409, w.group(), principal, "Reader", ""); textIn(said, "error", "code") != "RoleAssignmentExists" {
		t.Fatal(said)
	}
	body := fmt.Sprintf(`{"properties":{"principalId":%q,"roleDefinitionId":%q}}`, identifier(), textIn(made, "properties", "roleDefinitionId"))
	w.refused(400, "RoleAssignmentUpdateNotPermitted", "PUT", textIn(made, "id")+"?api-version=2022-04-01", body)
	w.refused(400, "InvalidRoleAssignmentId", "PUT", w.group()+"/providers/Microsoft.Authorization/roleAssignments/mine?api-version=2022-04-01", body)
	token, _ := w.server.issue(w.server.principals[principal], managementAudiences[0])
	w.as(token, func() {
		for range 2 {
			w.refused(403, "AuthorizationFailed", "GET", w.group()+"?api-version=2021-04-01", "")
		}
		w.must(200, "GET", w.group()+"?api-version=2021-04-01", "")
		w.refused(403, "AuthorizationFailed", "PUT", w.group()+"?api-version=2021-04-01", `{"location":"westeurope"}`)
	})
	found := w.must(200, "GET", w.group()+"/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter="+url.QueryEscape("principalId eq '"+principal+"'"), "")
	if list, _ := found["value"].([]any); len(list) != 1 {
		t.Fatal(found)
	}
	w.must(200, "DELETE", textIn(made, "id")+"?api-version=2022-04-01", "")
	w.must(204, "DELETE", textIn(made, "id")+"?api-version=2022-04-01", "")
}

func TestACallerMayDoWhatIsListed(t *testing.T) {
	w := newWorld(t)
	w.administer("POST", "callers", `{"name":"narrow","actions":["Microsoft.ManagedIdentity/userAssignedIdentities/write"]}`)
	id := w.group() + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc?api-version=2024-11-30"
	w.as("caller.narrow."+w.id, func() {
		w.must(201, "PUT", id, `{"location":"westeurope"}`)
		w.refused(403, "AuthorizationFailed", "GET", id, "")
		w.refused(403, "AuthorizationFailed", "DELETE", id, "")
	})
}

func TestFederatedCredentialsAreFewAndOneAtATime(t *testing.T) {
	w := newWorld(t)
	id, _, _ := w.identity("runner")
	put := func(i int) (int, Object) {
		body := fmt.Sprintf(`{"properties":{"issuer":"https://i","subject":"s%d","audiences":["a"]}}`, i)
		response, object := w.do("PUT", fmt.Sprintf("%s/federatedIdentityCredentials/pod%d?api-version=2024-11-30", id, i), body)
		return response.StatusCode, object
	}
	statuses := make(chan int, 2)
	for i := range 2 {
		go func() {
			status, _ := put(i)
			statuses <- status
		}()
	}
	if sum := <-statuses + <-statuses; sum != 201+409 {
		t.Fatal(sum)
	}
	for i := range 20 {
		put(i)
	}
	if status, said := put(20); status != 400 {
		t.Fatal(status, said)
	}
}

func TestFaultsComeWhenTheyAreAskedFor(t *testing.T) {
	w := newWorld(t)
	w.administer("POST", "faults", `[{"operation":"Microsoft.Resources/subscriptions/resourceGroups/read","from":0,"until":1,"answer":{"kind":"error","status":429,"code":"TooManyRequests","message":"slow","headers":{"Retry-After":"1"}}},
		{"operation":"Microsoft.ManagedIdentity/userAssignedIdentities/write","from":0,"until":1,"answer":{"kind":"lost"}},
		{"operation":"Microsoft.ContainerRegistry/registries/write","from":0,"until":1,"answer":{"kind":"operation","code":"Broken","message":"no"}}]`)
	response, _ := w.do("GET", w.group()+"?api-version=2021-04-01", "")
	if response.StatusCode != 429 || response.Header.Get("Retry-After") != "1" {
		t.Fatal(response)
	}
	w.must(200, "GET", w.group()+"?api-version=2021-04-01", "")
	identity := w.group() + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc?api-version=2024-11-30"
	if response, _ := w.do("PUT", identity, `{"location":"westeurope"}`); response != nil {
		t.Fatal("the answer arrived")
	}
	w.must(200, "GET", identity, "")
	registry := w.group() + "/providers/Microsoft.ContainerRegistry/registries/standinfault?api-version=2023-07-01"
	response, _ = w.do("PUT", registry, `{"location":"westeurope","sku":{"name":"Premium"}}`)
	var said Object
	for range 2 {
		said = w.must(200, "GET", response.Header.Get("Azure-AsyncOperation"), "")
	}
	if textIn(said, "status") != "Failed" || textIn(said, "error", "code") != "Broken" {
		t.Fatal(said)
	}
	if state := textIn(w.must(200, "GET", registry, ""), "properties", "provisioningState"); state != "Failed" {
		t.Fatal(state)
	}
}

func TestHeldCallsWaitAtTheirGate(t *testing.T) {
	w := newWorld(t)
	w.administer("POST", "faults", `[{"operation":"Microsoft.Resources/subscriptions/resourceGroups/read","from":0,"until":1,"answer":{"kind":"held","gate":"g"}}]`)
	done := make(chan bool)
	go func() {
		w.do("GET", w.group()+"?api-version=2021-04-01", "")
		close(done)
	}()
	for number, _ := w.must(200, "GET", "/_gates/g", "")["waiting"].(float64); number < 1; {
		number, _ = w.must(200, "GET", "/_gates/g", "")["waiting"].(float64)
	}
	select {
	case <-done:
		t.Fatal("it did not wait")
	default:
	}
	w.must(200, "POST", "/_gates/g", "")
	<-done
}

func TestSettingsAreObeyed(t *testing.T) {
	w := newWorld(t)
	w.administer("PUT", "settings", `{"unregistered":["Microsoft.Storage"],"quotas":{"Microsoft.ManagedIdentity/userAssignedIdentities":1},"locks":["`+w.group()+`"],"policyDenies":["Microsoft.KeyVault/vaults"],"foreignCase":true}`)
	w.refused(409, "MissingSubscriptionRegistration", "PUT", w.group()+"/providers/Microsoft.Storage/storageAccounts/abc?api-version=2024-01-01", `{"kind":"StorageV2","location":"westeurope","sku":{"name":"Standard_LRS"}}`)
	id, _, _ := w.identity("one")
	w.refused(409, "QuotaExceeded", "PUT", strings.Replace(id, "/one", "/two", 1)+"?api-version=2024-11-30", `{"location":"westeurope"}`)
	w.refused(409, "ScopeLocked", "DELETE", id+"?api-version=2024-11-30", "")
	w.refused(403, "RequestDisallowedByPolicy", "PUT", w.group()+"/providers/Microsoft.KeyVault/vaults/standinno?api-version=2024-11-01", `{"location":"westeurope","properties":{"tenantId":"`+tenant+`","sku":{"family":"A","name":"standard"}}}`)
	if found := textIn(w.must(200, "GET", id+"?api-version=2024-11-30", ""), "id"); !strings.Contains(found, "/providers/microsoft.managedidentity/") {
		t.Fatal(found)
	}
	w.must(400, "PUT", "/_subscriptions/"+w.id+"/settings", `{"quota":{}}`)
}

func TestSecretsStayForAWhileAfterTheirDeletion(t *testing.T) {
	w := newWorld(t)
	w.vault("standinvault")
	secret := "/vault/standinvault/secrets/one?api-version=2025-07-01"
	deleted := "/vault/standinvault/deletedsecrets/one?api-version=2025-07-01"
	w.as("", func() {
		response, _ := w.do("PUT", secret, "")
		if response.StatusCode != 401 || !strings.Contains(response.Header.Get("WWW-Authenticate"), `resource="https://vault.azure.net"`) {
			t.Fatal(response)
		}
	})
	made := w.must(200, "PUT", secret, `{"value":"x","tags":{"a":"b"}}`)
	if !strings.HasPrefix(textIn(made, "id"), "https://standinvault.vault.azure.net/secrets/one/") {
		t.Fatal(made)
	}
	w.must(200, "GET", strings.Replace(secret, "one?", "one/?", 1), "")
	w.must(200, "DELETE", secret, "")
	w.refused(409, "Conflict", "PUT", secret, `{"value":"y"}`)
	w.refused(404, "SecretNotFound", "GET", deleted, "")
	w.must(200, "GET", deleted, "")
	w.must(200, "POST", strings.Replace(deleted, "one?", "one/recover?", 1), "")
	w.refused(404, "SecretNotFound", "GET", secret, "")
	w.must(200, "GET", secret, "")
	w.must(200, "DELETE", secret, "")
	w.refused(404, "SecretNotFound", "GET", deleted, "")
	w.must(204, "DELETE", deleted, "")
	w.must(200, "PUT", secret, `{"value":"z"}`)
	w.administer("POST", "callers", `{"name":"narrow","dataActions":["Microsoft.KeyVault/vaults/secrets/readMetadata/action"]}`)
	w.as("caller.narrow."+w.id, func() {
		w.must(200, "GET", "/vault/standinvault/secrets?api-version=2025-07-01", "")
		w.refused(403, "Forbidden", "GET", secret, "")
	})
}

func TestDeletedNamesAreTaken(t *testing.T) {
	w := newWorld(t)
	id := w.vault("standingone") + "?api-version=2024-11-01"
	w.must(200, "DELETE", id, "")
	body := `{"location":"westeurope","properties":{"tenantId":"` + tenant + `","sku":{"family":"A","name":"standard"}}}`
	w.refused(409, "ConflictError", "PUT", id, body)
	w.must(202, "POST", "/subscriptions/"+w.id+"/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/standingone/purge?api-version=2024-11-01", "")
	workspace := w.group() + "/providers/Microsoft.OperationalInsights/workspaces/logs?api-version=2025-07-01"
	customer := func() string {
		made := w.must(201, "PUT", workspace, `{"location":"westeurope"}`)
		if textIn(made, "properties", "provisioningState") != "Creating" {
			t.Fatal(made)
		}
		w.must(200, "GET", workspace, "")
		if made = w.must(200, "GET", workspace, ""); textIn(made, "properties", "provisioningState") != "Succeeded" {
			t.Fatal(made)
		}
		return textIn(made, "properties", "customerId")
	}
	first := customer()
	w.must(200, "DELETE", workspace, "")
	if customer() != first {
		t.Fatal("the workspace was not brought back")
	}
	w.must(200, "DELETE", workspace+"&force=true", "")
	if customer() == first {
		t.Fatal("the workspace was brought back")
	}
}

func TestBlobsHaveVersionsSnapshotsAndLeases(t *testing.T) {
	w := newWorld(t)
	account := w.account("standinblobs")
	w.must(200, "PUT", account+"/blobServices/default?api-version=2024-01-01", `{"properties":{"isVersioningEnabled":true}}`)
	blob := func(status int, method, path, body string, headers ...string) Object {
		t.Helper()
		return w.must(status, method, "/blob/standinblobs/data"+path, body, append([]string{"x-ms-version", "2021-12-02"}, headers...)...)
	}
	for range 2 {
		blob(201, "PUT", "/a%20b", "x", "x-ms-blob-type", "BlockBlob")
	}
	list := "?restype=container&comp=list&include=versions,snapshots"
	if found := textIn(blob(200, "GET", list, ""), "text"); strings.Count(found, "<Blob>") != 2 || strings.Count(found, "<IsCurrentVersion>true") != 1 {
		t.Fatal(found)
	}
	blob(201, "PUT", "/a%20b?comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1", "x-ms-proposed-lease-id", identifier())
	blob(412, "DELETE", "/a%20b", "")
	blob(202, "PUT", "/a%20b?comp=lease", "", "x-ms-lease-action", "break")
	blob(202, "DELETE", "/a%20b", "")
	found := textIn(blob(200, "GET", list, ""), "text")
	for range strings.Count(found, "<Blob>") {
		_, rest, _ := strings.Cut(found, "<VersionId>")
		id, rest, _ := strings.Cut(rest, "<")
		blob(202, "DELETE", "/a%20b?versionid="+id, "")
		found = rest
	}
	if found := textIn(blob(200, "GET", list, ""), "text"); strings.Contains(found, "<Blob>") {
		t.Fatal(found)
	}
	container := account + "/blobServices/default/containers/data"
	blob(201, "PUT", "?restype=container&comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1")
	w.refused(412, "LeaseIdMissing", "DELETE", container+"?api-version=2024-01-01", "")
	blob(202, "PUT", "?restype=container&comp=lease", "", "x-ms-lease-action", "break")
	w.must(200, "DELETE", container+"?api-version=2024-01-01", "")
	blob(404, "GET", list, "")
}

func TestRegistriesHaveTokensOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.made(w.group()+"/providers/Microsoft.ContainerRegistry/registries/standinimages?api-version=2023-07-01", `{"location":"westeurope","sku":{"name":"Premium"}}`)
	w.administer("PUT", "images", `{"registry":"standinimages","repository":"team/app","digests":["a","b"]}`)
	form := func(path string, values url.Values) Object {
		return w.must(200, "POST", "/registry/standinimages/"+path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	refresh := textIn(form("oauth2/exchange", url.Values{"grant_type": {"access_token"}, "service": {"x"}, "access_token": {w.token}}), "refresh_token")
	access := func(scope string) string {
		return textIn(form("oauth2/token", url.Values{"grant_type": {"refresh_token"}, "scope": {scope}, "refresh_token": {refresh}}), "access_token")
	}
	w.as(access("registry:catalog:*"), func() {
		if found := w.must(200, "GET", "/registry/standinimages/acr/v1/_catalog?n=1", ""); !bytes.Contains([]byte(fmt.Sprint(found)), []byte("team/app")) {
			t.Fatal(found)
		}
		w.must(401, "GET", "/registry/standinimages/acr/v1/team/app", "")
	})
	w.as(access("repository:team/app:metadata_read"), func() {
		if found := w.must(200, "GET", "/registry/standinimages/acr/v1/team/app", ""); found["manifestCount"] != 2.0 {
			t.Fatal(found)
		}
	})
}

func TestAnAccountsKeyAndNetworkNeedRights(t *testing.T) {
	w := newWorld(t)
	vault, account := w.vault("standinkeys"), w.account("standinkeys")+"?api-version=2024-01-01"
	w.must(200, "PUT", vault+"/keys/k?api-version=2024-11-01", `{"properties":{"kty":"RSA"}}`)
	identified := w.must(200, "PATCH", account, `{"identity":{"type":"SystemAssigned"}}`)
	key := `{"properties":{"encryption":{"keySource":"Microsoft.Keyvault","keyvaultproperties":{"keyname":"k","keyvaulturi":"https://standinkeys.vault.azure.net","keyversion":""}}}}`
	w.refused(403, "KeyVaultAuthenticationFailure", "PATCH", account, key)
	w.assign(201, vault+"/keys/k", textIn(identified, "identity", "principalId"), "Key Vault Crypto Service Encryption User", "")
	w.must(200, "PATCH", account, key)
	w.administer("POST", "callers", `{"name":"narrow","actions":["Microsoft.Storage/storageAccounts/write"]}`)
	w.as("caller.narrow."+w.id, func() {
		w.must(200, "PATCH", account, `{"properties":{"networkAcls":{"defaultAction":"Deny"}}}`)
		w.refused(403, "LinkedAuthorizationFailed", "PATCH", account, `{"properties":{"networkAcls":{"defaultAction":"Deny","virtualNetworkRules":[{"id":"`+w.group()+`/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}]}}}`)
	})
}

func TestConditionsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{"", "(", "@Resource[a] StringEquals", "ActionMatches{'a'", "@Resource[a] Divides 'x'", "ActionMatches{'a'} ActionMatches{'b'}", "NOT"} {
		if _, err := parseCondition(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}
