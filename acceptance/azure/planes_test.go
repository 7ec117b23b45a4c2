package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

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
	w.must(200, "GET", deleted, "")
	w.must(200, "PUT", secret, `{"value":"z"}`)
	w.administer("POST", "callers", `{"name":"narrow","dataActions":["Microsoft.KeyVault/vaults/secrets/readMetadata/action"]}`)
	w.as("caller.narrow."+w.id, func() {
		w.must(200, "GET", "/vault/standinvault/secrets?api-version=2025-07-01", "")
		w.refused(403, "Forbidden", "GET", secret, "")
	})
}

func TestVersionsAreListedWithoutTheirValues(t *testing.T) {
	w := newWorld(t)
	w.vault("standinlisted")
	secret := "/vault/standinlisted/secrets/one?api-version=2025-07-01"
	versions := strings.Replace(secret, "one?", "one/versions?", 1)
	count := func(expected int) []any {
		t.Helper()
		list, _ := w.must(200, "GET", versions, "")["value"].([]any)
		if len(list) != expected {
			t.Fatal(list)
		}
		return list
	}
	count(0)
	w.must(200, "PUT", secret, `{"value":"first","attributes":{"enabled":false}}`)
	w.refused(403, "Forbidden", "GET", strings.Replace(secret, "one?", "one/?", 1), "")
	w.must(200, "PUT", secret, `{"value":"second"}`)
	created := map[any]bool{}
	for _, version := range count(2) {
		if _, ok := in(version.(Object), "value").(string); ok {
			t.Fatal(version)
		}
		created[in(version.(Object), "attributes", "created")] = true
	}
	if len(created) != 2 {
		t.Fatal(created)
	}
	w.administer("POST", "callers", `{"name":"values","dataActions":["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}`)
	w.as("caller.values."+w.id, func() { w.refused(403, "Forbidden", "GET", versions, "") })
	w.must(200, "DELETE", secret, "")
	count(0)
}

func TestAListOfASubscriptionHasWhatTheCallerMaySee(t *testing.T) {
	w := newWorld(t)
	w.vault("standinseen")
	vaults := "/subscriptions/" + w.id + "/providers/Microsoft.KeyVault/vaults?api-version=2024-11-01"
	elsewhere := "/subscriptions/" + w.id + "/resourceGroups/elsewhere"
	w.must(http.StatusCreated, "PUT", elsewhere+"?api-version=2021-04-01", `{"location":"westeurope"}`)
	for name, caller := range map[string]string{
		"group": `{"name":"group","actions":["Microsoft.KeyVault/vaults/read"],"scopes":["` + w.group() + `"]}`,
		"other": `{"name":"other","actions":["Microsoft.KeyVault/vaults/read"],"scopes":["` + elsewhere + `"]}`,
		"none":  `{"name":"none","actions":["Microsoft.Storage/storageAccounts/read"]}`,
	} {
		w.administer("POST", "callers", caller)
		w.as("caller."+name+"."+w.id, func() {
			if name == "none" {
				w.refused(403, "AuthorizationFailed", "GET", vaults, "")
				return
			}
			list, _ := w.must(200, "GET", vaults, "")["value"].([]any)
			if (len(list) == 1) != (name == "group") {
				t.Fatal(name, list)
			}
		})
	}
}

func TestAVaultRefusesWhatAzureRefuses(t *testing.T) {
	w := newWorld(t)
	vault := w.vault("standinstrict")
	secret := func(rest string) string { return "/vault/standinstrict/" + rest + "?api-version=2025-07-01" }
	refused := func(status int, inner, method, path, body string) {
		t.Helper()
		said := w.must(status, method, path, body)
		if found := textIn(said, "error", "innererror", "code"); found != inner {
			t.Fatalf("%s instead of %s: %v", found, inner, said)
		}
	}
	var tags []string
	for i := range 16 {
		tags = append(tags, fmt.Sprintf(`"t%d":"x"`, i))
	}
	many := `{"value":"x","tags":{` + strings.Join(tags, ",") + `}}`
	w.refused(400, "BadParameter", "PUT", secret("secrets/one"), many)
	w.must(200, "PUT", secret("secrets/one"), `{"value":"x"}`)
	w.refused(400, "BadParameter", "PATCH", secret("secrets/one/"), strings.Replace(many, `"value":"x",`, "", 1))
	w.refused(400, "BadParameter", "GET", secret("secrets/one/versions")+"&maxresults=26", "")
	for range 25 {
		w.must(200, "PUT", secret("secrets/one"), `{"value":"x"}`)
	}
	page := w.must(200, "GET", secret("secrets/one/versions"), "")
	if list, _ := page["value"].([]any); len(list) != 25 || textIn(page, "nextLink") == "" {
		t.Fatal(page)
	}
	w.must(200, "DELETE", secret("secrets/one"), "")
	w.refused(404, "SecretNotFound", "GET", secret("deletedsecrets/one"), "")
	w.must(200, "POST", secret("deletedsecrets/one/recover"), "")
	refused(409, "ObjectIsBeingRecovered", "PUT", secret("secrets/one"), `{"value":"x"}`)
	w.refused(404, "SecretNotFound", "GET", secret("secrets/one/"), "")
	w.must(200, "DELETE", secret("secrets/one"), "")
	w.refused(404, "SecretNotFound", "GET", secret("deletedsecrets/one"), "")
	w.must(204, "DELETE", secret("deletedsecrets/one"), "")
	refused(409, "ObjectIsBeingDeleted", "PUT", secret("secrets/one"), `{"value":"x"}`)
	w.must(200, "GET", secret("deletedsecrets/one"), "")
	w.refused(404, "SecretNotFound", "GET", secret("deletedsecrets/one"), "")
	w.must(200, "PUT", secret("secrets/one"), `{"value":"x"}`)

	change := func(status int, properties string) {
		t.Helper()
		w.must(status, "PATCH", vault+"?api-version=2024-11-01", `{"properties":{`+properties+`}}`)
	}
	change(400, `"softDeleteRetentionInDays":30`)
	change(400, `"enableSoftDelete":false`)
	change(200, `"networkAcls":{"defaultAction":"Deny","bypass":"AzureServices"}`)
	refused(403, "ForbiddenByFirewall", "GET", secret("secrets/one/"), "")
	change(200, `"publicNetworkAccess":"Disabled"`)
	refused(403, "ForbiddenByConnection", "GET", secret("secrets/one/"), "")
	w.must(200, "DELETE", vault+"?api-version=2024-11-01", "")
	if response, _ := w.do("GET", secret("secrets/one/"), ""); response != nil {
		t.Fatal("a vault that is deleted has no address, and answers", response)
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
	w.made(w.group()+"/providers/Microsoft.ContainerRegistry/registries/standinimages?api-version=2025-11-01", `{"location":"westeurope","sku":{"name":"Premium"}}`)
	w.administer("PUT", "images", `{"registry":"standinimages","repository":"team/app","digests":["a","b"]}`)
	form := func(path string, values url.Values) Object {
		return w.must(200, "POST", "/registry/standinimages/"+path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	}
	refresh := textIn(form("oauth2/exchange", url.Values{"grant_type": {"access_token"}, "service": {"standinimages.azurecr.io"}, "access_token": {w.token}}), "refresh_token")
	access := func(scope string) string {
		return textIn(form("oauth2/token", url.Values{"grant_type": {"refresh_token"}, "service": {"standinimages.azurecr.io"}, "scope": {scope}, "refresh_token": {refresh}}), "access_token")
	}
	w.must(400, "POST", "/registry/standinimages/oauth2/exchange", url.Values{"grant_type": {"access_token"}, "service": {"x"}, "access_token": {w.token}}.Encode())
	registry := w.group() + "/providers/Microsoft.ContainerRegistry/registries/standinimages?api-version=2025-11-01"
	w.refused(400, "SkuNotSupported", "PATCH", registry, `{"sku":{"name":"Basic"},"properties":{"anonymousPullEnabled":true}}`)
	w.refused(400, "SkuNotSupported", "PATCH", registry, `{"sku":{"name":"Standard"},"properties":{"publicNetworkAccess":"Disabled"}}`)
	w.as(access("registry:catalog:*"), func() {
		if found := w.must(200, "GET", "/registry/standinimages/acr/v1/_catalog?n=1", ""); !bytes.Contains([]byte(fmt.Sprint(found)), []byte("team/app")) {
			t.Fatal(found)
		}
		w.must(401, "GET", "/registry/standinimages/acr/v1/team/app", "")
	})
	w.as(access("repository:team/app:metadata_read"), func() {
		w.as("owner."+w.id, func() {
			w.must(200, "PATCH", registry, `{"properties":{"roleAssignmentMode":"AbacRepositoryPermissions"}}`)
		})
		w.must(401, "GET", "/registry/standinimages/acr/v1/team/app", "")
		w.as("owner."+w.id, func() {
			w.must(200, "PATCH", registry, `{"properties":{"roleAssignmentMode":"LegacyRegistryPermissions"}}`)
		})
		if found := w.must(200, "GET", "/registry/standinimages/acr/v1/team/app", ""); found["manifestCount"] != 2.0 {
			t.Fatal(found)
		}
	})
}
