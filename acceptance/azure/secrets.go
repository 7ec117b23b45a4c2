package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var secretName = regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`)

// secret is all versions under one name of a vault.
type secret struct {
	name     string
	versions []*secretVersion
	deleted  bool
	since    int64
	// moving is how often what was deleted or recovered is not found yet in its new place.
	moving int
	// purging is how often what was purged is still found: 0 is never purged.
	purging int
}

type secretVersion struct {
	id         string
	value      string
	kind       any
	tags       any
	attributes Object
}

// The data action that each operation on secrets asks for.
var secretActions = map[string]string{
	"Client.SetSecret": "setSecret/action", "Client.GetSecret": "getSecret/action", "Client.DeleteSecret": "delete", "Client.UpdateSecretProperties": "update/action",
	"Client.ListSecretProperties": "readMetadata/action", "Client.ListSecretPropertiesVersions": "readMetadata/action",
	"Client.GetDeletedSecret": "readMetadata/action", "Client.ListDeletedSecretProperties": "readMetadata/action",
	"Client.RecoverDeletedSecret": "recover/action", "Client.PurgeDeletedSecret": "purge/action",
}

// refuseSecret is an error of a vault.
func refuseSecret(status int, code, inner, format string, arguments ...any) *Answer {
	said := Object{"code": code, "message": fmt.Sprintf(format, arguments...)}
	if inner != "" {
		said["innererror"] = Object{"code": inner}
	}
	return answer(status, Object{"error": said})
}

// secrets answers the data plane of a vault.
func (s *Server) secrets(call *Call, name string) *Answer {
	vault := s.global[name+vaultHost]
	if vault == nil || vault.deleted {
		return call.nowhere()
	}
	call.subscription = vault.subscription
	principal, refused := s.authenticate(call, vaultAudiences)
	if refused != nil {
		// The challenge says for whom a token has to be. A first request without one carries no body, so nothing of it is checked.
		return refuseSecret(http.StatusUnauthorized, "Unauthorized", "", "AKV10000: Request is missing a Bearer or PoP token.").
			with("WWW-Authenticate", `Bearer authorization="`+call.base()+"/"+tenant+`", resource="https://vault.azure.net"`)
	}
	call.principal = principal
	call.query.Del("$skiptoken")
	if asked := call.query.Get("maxresults"); asked != "" {
		if most, err := strconv.Atoi(asked); err != nil || most < 1 || most > longestPage {
			return refuseSecret(http.StatusBadRequest, "BadParameter", "", "The value of maxresults is not from 1 to %d: %s", longestPage, asked)
		}
	}
	call.query.Del("maxresults") // which the SDK's description leaves out
	if refused := s.described(call); refused != nil {
		return refused
	}
	call.operation = secrets + secretActions[call.route.Name]
	made := s.ofVault(call, vault)
	call.made(made.Status)
	if made.Status < 300 {
		record := Record{Method: call.http.Method, URL: call.path + "?" + call.query.Encode(), Body: call.raw, Status: made.Status, Response: made.encoded()}
		for _, finding := range s.checker.Check(record) {
			s.violation(call.subscription, "the stand-in's answer: %s", finding)
		}
	}
	return made
}

func (s *Server) ofVault(call *Call, vault *Resource) *Answer {
	if refused := call.faulted(func(status int, code, message string) *Answer { return refuseSecret(status, code, "", "%s", message) }); refused != nil {
		return refused
	}
	name := call.parameters["secret-name"]
	scope := vault.id
	if name != "" {
		scope += "/secrets/" + name
	}
	if textIn(vault.body, "properties", "publicNetworkAccess") == "Disabled" {
		return refuseSecret(http.StatusForbidden, "Forbidden", "ForbiddenByConnection", "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nVault: %s", textIn(vault.body, "name"))
	}
	if textIn(vault.body, "properties", "networkAcls", "defaultAction") == "Deny" {
		return refuseSecret(http.StatusForbidden, "Forbidden", "ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nVault: %s", textIn(vault.body, "name"))
	}
	if !boolIn(vault.body, "properties", "enableRbacAuthorization") {
		return refuseSecret(http.StatusForbidden, "Forbidden", "AccessDenied", "The user, group or application 'oid=%s' does not have secrets permission on key vault '%s'.", call.principal.id, vault.id)
	}
	if !s.allowed(call.principal, call.operation, true, scope, nil) {
		return refuseSecret(http.StatusForbidden, "Forbidden", "ForbiddenByRbac", "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: oid=%s\r\nAction: '%s'\r\nResource: '%s'", call.principal.id, call.operation, key(scope))
	}
	if name != "" && !secretName.MatchString(name) {
		return refuseSecret(http.StatusBadRequest, "BadParameter", "", "The request URI contains an invalid name: %s", name)
	}
	found := vault.secrets[strings.ToLower(name)]
	switch call.route.Name {
	case "Client.SetSecret":
		return call.setSecret(vault, found, name)
	case "Client.ListSecretProperties", "Client.ListDeletedSecretProperties":
		return call.listSecrets(vault, call.route.Name == "Client.ListDeletedSecretProperties")
	case "Client.GetDeletedSecret", "Client.RecoverDeletedSecret", "Client.PurgeDeletedSecret":
		return call.deletedSecret(vault, found, name)
	case "Client.ListSecretPropertiesVersions":
		return call.listVersions(vault, found)
	}
	if found == nil || found.deleted {
		return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.", name)
	}
	if found.moving > 0 {
		found.moving--
		return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) %s was not found in this key vault.", name)
	}
	switch call.route.Name {
	case "Client.GetSecret":
		return call.getSecret(vault, found)
	case "Client.UpdateSecretProperties":
		return call.updateSecret(vault, found)
	case "Client.DeleteSecret":
		found.deleted, found.since, found.moving = true, now().Unix(), vault.subscription.settings.OperationPolls
		return answer(http.StatusOK, found.deletedBody(vault))
	}
	s.violation(call.subscription, "the stand-in has no behaviour for %s", call.route.Key())
	return refuseSecret(http.StatusNotImplemented, "NotImplemented", "", "the stand-in has no behaviour for %s", call.route.Key())
}

func uri(vault *Resource) string { return textIn(vault.body, "properties", "vaultUri") }

func (c *Call) setSecret(vault *Resource, found *secret, name string) *Answer {
	if found != nil && found.deleted {
		inner, what := "ObjectIsDeletedButRecoverable", "in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."
		if found.moving > 0 || found.purging > 0 {
			inner, what = "ObjectIsBeingDeleted", "being deleted and cannot be re-created; retry later."
		}
		return refuseSecret(http.StatusConflict, "Conflict", inner, "Secret %s is currently %s", name, what)
	}
	if found != nil && found.moving > 0 {
		return refuseSecret(http.StatusConflict, "Conflict", "ObjectIsBeingRecovered", "Secret %s is currently being recovered and cannot be changed; retry later.", name)
	}
	value := c.text("value")
	if len(value) > 25600 {
		return refuseSecret(http.StatusBadRequest, "BadParameter", "", "The secret's value is longer than 25600 bytes.")
	}
	if refused := c.overTagged(); refused != nil {
		return refused
	}
	if found == nil {
		found = &secret{name: name}
		vault.secrets[strings.ToLower(name)] = found
	}
	made := &secretVersion{id: strings.ReplaceAll(identifier(), "-", ""), value: value, kind: c.body["contentType"], tags: c.body["tags"]}
	level, days := "Recoverable+Purgeable", in(vault.body, "properties", "softDeleteRetentionInDays")
	if boolIn(vault.body, "properties", "enablePurgeProtection") {
		level = "Recoverable"
	}
	moment := now().Unix()
	if len(found.versions) > 0 {
		// A vault tells time in seconds. Versions of the same one cannot be told apart, which is nothing to test.
		moment = max(moment, found.latest().attributes["created"].(int64)+1)
	}
	made.attributes = changed(Object{"enabled": true, "created": moment, "updated": moment, "recoveryLevel": level, "recoverableDays": days}, objectIn(c.body, "attributes"))
	found.versions = append(found.versions, made)
	return answer(http.StatusOK, found.body(vault, made, true))
}

// overTagged refuses more tags, and longer ones, than a secret takes.
func (c *Call) overTagged() *Answer {
	tags := objectIn(c.body, "tags")
	if len(tags) > 15 {
		return refuseSecret(http.StatusBadRequest, "BadParameter", "", "The number of tags is %d, and a secret takes 15.", len(tags))
	}
	for name, value := range tags {
		if text, _ := value.(string); len(name) > 256 || len(text) > 256 {
			return refuseSecret(http.StatusBadRequest, "BadParameter", "", "The tag %s is longer than 256 characters.", name)
		}
	}
	return nil
}

func (s *secret) latest() *secretVersion { return s.versions[len(s.versions)-1] }

func (s *secret) version(id string) *secretVersion {
	for _, version := range s.versions {
		if same(version.id, id) {
			return version
		}
	}
	return nil
}

func (s *secret) properties(vault *Resource, version *secretVersion) Object {
	body := Object{"id": uri(vault) + "secrets/" + s.name + "/" + version.id, "attributes": version.attributes}
	if version.tags != nil {
		body["tags"] = version.tags
	}
	if version.kind != nil {
		body["contentType"] = version.kind
	}
	return body
}

func (s *secret) body(vault *Resource, version *secretVersion, whole bool) Object {
	body := s.properties(vault, version)
	if whole {
		body["value"] = version.value
	}
	return body
}

func (s *secret) deletedBody(vault *Resource) Object {
	days, _ := in(vault.body, "properties", "softDeleteRetentionInDays").(float64)
	return changed(s.properties(vault, s.latest()), Object{
		"recoveryId": uri(vault) + "deletedsecrets/" + s.name, "deletedDate": s.since, "scheduledPurgeDate": s.since + int64(days)*24*3600,
	})
}

func (c *Call) getSecret(vault *Resource, found *secret) *Answer {
	version := found.latest()
	if id := c.parameters["secret-version"]; id != "" {
		version = found.version(id)
	}
	if version == nil {
		return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) %s/%s was not found in this key vault.", found.name, c.parameters["secret-version"])
	}
	if enabled, ok := version.attributes["enabled"].(bool); ok && !enabled {
		return refuseSecret(http.StatusForbidden, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret.")
	}
	return answer(http.StatusOK, found.body(vault, version, true))
}

func (c *Call) updateSecret(vault *Resource, found *secret) *Answer {
	version := found.latest()
	if id := c.parameters["secret-version"]; id != "" {
		version = found.version(id)
	}
	if version == nil {
		return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) %s was not found in this key vault.", found.name)
	}
	if refused := c.overTagged(); refused != nil {
		return refused
	}
	if tags, ok := c.body["tags"]; ok {
		version.tags = tags
	}
	if kind, ok := c.body["contentType"]; ok {
		version.kind = kind
	}
	version.attributes = changed(version.attributes, changed(objectIn(c.body, "attributes"), Object{"updated": now().Unix()}))
	return answer(http.StatusOK, found.body(vault, version, false))
}

// listVersions answers the versions in the order of their ids, which says nothing. What is not there has none, and that is no error.
func (c *Call) listVersions(vault *Resource, found *secret) *Answer {
	var all []Object
	switch {
	case found == nil || found.deleted:
	case found.moving > 0:
		found.moving--
	default:
		for _, version := range found.versions {
			all = append(all, found.properties(vault, version))
		}
	}
	slices.SortFunc(all, func(a, b Object) int { return strings.Compare(textIn(a, "id"), textIn(b, "id")) })
	return c.shortPage(all)
}

// The longest page of a vault's lists.
const longestPage = 25

// shortPage answers a list of a vault, in pages as long as were asked for.
func (c *Call) shortPage(all []Object) *Answer {
	most, err := strconv.Atoi(c.http.URL.Query().Get("maxresults"))
	if err != nil {
		most = longestPage
	}
	return c.pageOf(min(most, c.subscription.settings.PageSize), all)
}

func (c *Call) listSecrets(vault *Resource, deleted bool) *Answer {
	var all []Object
	for _, secret := range vault.secrets {
		switch {
		case secret.deleted != deleted:
		case deleted:
			all = append(all, secret.deletedBody(vault))
		default:
			one := secret.properties(vault, secret.latest())
			one["id"] = uri(vault) + "secrets/" + secret.name
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b Object) int { return strings.Compare(textIn(a, "id"), textIn(b, "id")) })
	return c.shortPage(all)
}

func (c *Call) deletedSecret(vault *Resource, found *secret, name string) *Answer {
	if found == nil || !found.deleted {
		return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "Deleted Secret not found: %s", name)
	}
	if c.route.Name == "Client.GetDeletedSecret" {
		if found.moving > 0 {
			found.moving--
			return refuseSecret(http.StatusNotFound, "SecretNotFound", "", "Deleted Secret not found: %s", name)
		}
		if found.purging > 0 {
			if found.purging--; found.purging == 0 {
				delete(vault.secrets, strings.ToLower(name))
			}
		}
		return answer(http.StatusOK, found.deletedBody(vault))
	}
	if found.moving > 0 || found.purging > 0 {
		return refuseSecret(http.StatusConflict, "Conflict", "ObjectIsBeingDeleted", "Secret %s is currently being deleted.", name)
	}
	if c.route.Name == "Client.RecoverDeletedSecret" {
		found.deleted, found.moving = false, vault.subscription.settings.OperationPolls
		return answer(http.StatusOK, found.body(vault, found.latest(), false))
	}
	if boolIn(vault.body, "properties", "enablePurgeProtection") {
		return refuseSecret(http.StatusForbidden, "Forbidden", "ForbiddenByPolicy", "Operation \"purge\" is not allowed because purge protection is enabled for this vault.")
	}
	if found.purging = vault.subscription.settings.OperationPolls; found.purging == 0 {
		delete(vault.secrets, strings.ToLower(name))
	}
	return answer(http.StatusNoContent, nil)
}
