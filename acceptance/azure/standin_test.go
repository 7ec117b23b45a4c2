package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

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
		"AADSTS700212": but("aud", "api://AzureADTokenExchange/"), "AADSTS700024": but("exp", 1), "AADSTS70021:": good, // not known yet
	} {
		if status, said := ask(claims); status < 400 || !strings.Contains(textIn(said, "error_description"), code) {
			t.Errorf("%s: %d %v", code, status, said)
		}
	}
	status, said := ask(good)
	if status != 200 {
		t.Fatalf("%d %v", status, said)
	}
	if status, said := ask(but("nbf", time.Now().Add(time.Hour).Unix())); status != 401 || !strings.Contains(textIn(said, "error_description"), "AADSTS700024") {
		t.Fatal(status, said)
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

// The condition of an assignment is all that changes, and one without its version is none.
func TestAnAssignmentIsNarrowedLater(t *testing.T) {
	w := newWorld(t)
	account := w.account("standinnarrow")
	_, principal, _ := w.identity("runner")
	container := account + "/blobServices/default/containers/data"
	made := w.assign(201, container, principal, "Storage Blob Data Reader", "")
	put := func(more string) string {
		return fmt.Sprintf(`{"properties":{"principalId":%q,"roleDefinitionId":%q%s}}`, principal, textIn(made, "properties", "roleDefinitionId"), more)
	}
	id := textIn(made, "id") + "?api-version=2022-04-01"
	condition := "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringStartsWith 'a/'"
	w.refused(400, "InvalidConditionVersion", "PUT", id, put(`,"condition":"`+condition+`"`))
	w.refused(400, "InvalidConditionVersion", "PUT", id, put(`,"conditionVersion":"2.0"`))
	w.refused(400, "InvalidCondition", "PUT", id, put(`,"conditionVersion":"2.0","condition":"`+strings.Repeat(" ", longestCondition)+condition+`"`))
	w.must(201, "PUT", id, put(`,"conditionVersion":"2.0","condition":"`+condition+`"`))
	if found := w.must(200, "GET", id, ""); textIn(found, "properties", "condition") != condition {
		t.Fatal(found)
	}
}

func TestARoleOfOnesOwnIsDefinedByTheRules(t *testing.T) {
	w := newWorld(t)
	w.administer("PUT", "settings", `{"definitionDelay":1}`)
	account := w.account("standinroles")
	container := account + "/blobServices/default/containers/data"
	_, principal, _ := w.identity("runner")
	id := func(guid string) string {
		return w.group() + "/providers/Microsoft.Authorization/roleDefinitions/" + guid + "?api-version=2022-04-01"
	}
	body := func(name, actions, data, scope string) string {
		return fmt.Sprintf(`{"properties":{"roleName":%q,"type":"CustomRole","permissions":[{"actions":[%s],"dataActions":[%s]}],"assignableScopes":[%s]}}`, name, actions, data, scope)
	}
	guid, group, read, writes := identifier(), `"`+w.group()+`"`, `"`+containerRead+`"`, `"`+blobs+`write"`
	for code, wrong := range map[string]string{
		"InvalidRoleDefinitionName":         body("", read, writes, group),
		"MissingAssignableScopes":           body("mine", read, writes, ""),
		"InvalidActionOrNotAction":          body("mine", writes, writes, group),
		"InvalidDataActionOrNotDataAction":  body("mine", read, read, group),
		"InvalidAssignableScopes":           body("mine", read, writes, `"`+account+`"`),
		"RoleDefinitionWithSameNameExists":  body("Reader", read, writes, group),
		"InvalidRoleDefinitionHasNoActions": body("mine", "", "", group),
	} {
		response, said := w.do("PUT", id(guid), wrong)
		if response.StatusCode < 400 || textIn(said, "error", "code") != code {
			t.Errorf("%s: %d %v", code, response.StatusCode, said)
		}
	}
	w.refused(400, "InvalidRoleDefinitionId", "PUT", id("mine"), body("mine", read, writes, group))
	w.must(201, "PUT", id(guid), body("mine", read, writes, group))
	w.refused(409, "RoleDefinitionWithSameNameExists", "PUT", id(identifier()), body("mine", read, writes, group))
	assign := func(scope string) (int, Object) {
		given := fmt.Sprintf(`{"properties":{"principalId":%q,"roleDefinitionId":%q}}`, principal, definitionID("/subscriptions/"+w.id, guid))
		response, said := w.do("PUT", scope+"/providers/Microsoft.Authorization/roleAssignments/"+identifier()+"?api-version=2022-04-01", given)
		return response.StatusCode, said
	}
	if status, said := assign(container); status != 404 || textIn(said, "error", "code") != "RoleDefinitionDoesNotExist" {
		t.Fatal(status, said)
	}
	if status, said := assign("/subscriptions/" + w.id); status != 400 {
		t.Fatal(status, said)
	}
	status, made := assign(container)
	if status != 201 {
		t.Fatal(status, made)
	}
	blob := func(status int, method, path string) {
		t.Helper()
		headers := []string{"x-ms-version", "2021-12-02"}
		if method == "PUT" {
			headers = append(headers, "x-ms-blob-type", "BlockBlob")
		}
		w.must(status, method, "/blob/standinroles/data"+path, "", headers...)
	}
	token, _ := w.server.issue(w.server.principals[principal], storageAudiences[0])
	w.as(token, func() {
		blob(201, "PUT", "/x")
		blob(403, "DELETE", "/x")
		blob(200, "GET", "?restype=container")
		blob(403, "DELETE", "?restype=container")
	})
	w.refused(400, "RoleDefinitionHasAssignments", "DELETE", id(guid), "")
	w.must(200, "DELETE", textIn(made, "id")+"?api-version=2022-04-01", "")
	w.administer("POST", "callers", `{"name":"narrow","actions":["Microsoft.Authorization/roleAssignments/write"]}`)
	w.as("caller.narrow."+w.id, func() {
		w.refused(403, "AuthorizationFailed", "PUT", id(guid), body("mine", read, writes, group))
	})
	w.must(200, "DELETE", id(guid), "")
	w.must(204, "DELETE", id(guid), "")
	w.refused(404, "RoleDefinitionDoesNotExist", "GET", id(guid), "")
	blob(202, "DELETE", "?restype=container")
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
	used := w.server.subscriptionOf(w.id).callers["narrow"].used
	if len(used) != 1 || !used["Microsoft.ManagedIdentity/userAssignedIdentities/write"] {
		t.Fatal("what was refused is no use:", used)
	}
}

func TestADirectoryKnowsItsApplicationsAndResources(t *testing.T) {
	w := newWorld(t)
	owner := w.server.subscriptionOf(w.id).owner
	ask := func(client, secret, resource string) string {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}, "scope": {resource + "/.default"}}
		_, object := w.do("POST", "/"+tenant+"/oauth2/v2.0/token", form.Encode())
		return textIn(object, "access_token") + textIn(object, "error_description")
	}
	if token := ask(owner.client, "owner."+w.id, "https://vault.azure.net"); strings.Count(token, ".") != 2 {
		t.Fatal(token)
	}
	for code, said := range map[string]string{
		"AADSTS7000215": ask(owner.client, "nonsense", "https://vault.azure.net"), "AADSTS7000215:": ask(identifier(), "owner."+w.id, "https://vault.azure.net"),
		"AADSTS500011": ask(owner.client, "owner."+w.id, "https://vaults.azure.net"),
	} {
		if !strings.Contains(said, code) {
			t.Errorf("%s: %s", code, said)
		}
	}
}

func TestAFaultThatNeverComesIsNone(t *testing.T) {
	w := newWorld(t)
	faults := "/_subscriptions/" + w.id + "/faults"
	for _, answer := range []string{`{"kind":"eror","status":500}`, `{"kind":"error"}`, `{"kind":"held"}`, `{"kind":"operation","status":500}`} {
		w.must(400, "POST", faults, `[{"operation":"Microsoft.Resources/","from":0,"until":1,"answer":`+answer+`}]`)
	}
	w.must(400, "POST", faults, `[{"operation":"Microsoft.Resources/","from":1,"until":1,"answer":{"kind":"lost"}}]`)
	w.administer("POST", "faults", `[{"operation":"Microsoft.Resource/","from":0,"until":1,"answer":{"kind":"lost"}}]`)
	w.administer("DELETE", "faults", "")
	sub := w.server.subscriptionOf(w.id)
	if len(sub.violations) != 1 || !strings.Contains(sub.violations[0], "no call met the fault of Microsoft.Resource/") {
		t.Fatal(sub.violations)
	}
	sub.violations = nil
}

func TestAClustersUsersAreThoseOfEntraOrItsOwn(t *testing.T) {
	w := newWorld(t)
	owner := w.server.subscriptionOf(w.id).owner
	token, _ := w.server.issue(owner, aksAudiences[0])
	authenticated := func() bool {
		said := w.must(200, "POST", "/_token-review", `{"spec":{"token":"`+token+`"}}`)
		return boolIn(said, "status", "authenticated")
	}
	host := func(more string) {
		w.administer("PUT", "clusters", `{"resourceGroup":"acme","name":"prod","location":"westeurope","endpoint":"https://api","authority":"","issuer":"https://issuer"`+more+`}`)
	}
	if host(`,"ownUsers":true`); authenticated() {
		t.Fatal("a cluster without Entra takes its token")
	}
	if host(""); !authenticated() {
		t.Fatal("a cluster of Entra's users refuses its token")
	}
}

func TestFederatedCredentialsAreFewAndOneAtATime(t *testing.T) {
	w := newWorld(t)
	id, _, _ := w.identity("runner")
	put := func(i int) (int, Object) {
		body := fmt.Sprintf(`{"properties":{"issuer":"https://i","subject":"s%d","audiences":["a"]}}`, i)
		response, object := w.do("PUT", fmt.Sprintf("%s/federatedIdentityCredentials/pod%d?api-version=2024-11-30", id, i), body)
		return response.StatusCode, object
	}
	// Two that were asked for at once need not come at once.
	refused := false
	for try := 0; !refused; try++ {
		if try == 20 {
			t.Fatal("two at a time are taken")
		}
		statuses := make(chan int, 2)
		for i := range 2 {
			go func() {
				status, _ := put(i)
				statuses <- status
			}()
		}
		for range 2 {
			status := <-statuses
			if status != 200 && status != 201 && status != 409 {
				t.Fatal(status)
			}
			refused = refused || status == 409
		}
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
	registry := w.group() + "/providers/Microsoft.ContainerRegistry/registries/standinfault?api-version=2025-11-01"
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
