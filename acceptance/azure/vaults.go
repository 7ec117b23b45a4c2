package main

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Microsoft.KeyVault: vaults, which keep their names after they are deleted.

const vaultType = "Microsoft.KeyVault/vaults"

var vaultName = regexp.MustCompile(`^[a-zA-Z](-?[a-zA-Z0-9])+$`)

func validVault(name string) bool {
	return len(name) >= 3 && len(name) <= 24 && vaultName.MatchString(name)
}

func (s *Server) vaultNameAvailable(call *Call) *Answer {
	return s.available(call, vaultHost, validVault(call.text("name")), "AccountNameInvalid")
}

func (s *Server) putVault(call *Call) *Answer {
	name := call.parameters["vaultName"]
	if !validVault(name) {
		return refuse(http.StatusBadRequest, "VaultNameNotValid", "The vault name '%s' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.", name)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	if id := call.text("properties", "tenantId"); id != tenant {
		return refuse(http.StatusBadRequest, "BadRequest", "The vault's tenant '%s' is not the subscription's.", id)
	}
	if found := call.current(); found != nil {
		return call.changeVault(found)
	}
	if refused := call.unkept(nil); refused != nil {
		return refused
	}
	host := strings.ToLower(name) + vaultHost
	taken := s.global[host]
	recovers := call.text("properties", "createMode") == "recover"
	switch {
	case taken != nil && taken.deleted && recovers && same(taken.id, call.id()):
		taken.deleted = false
		call.subscription.resources[key(taken.id)] = taken
		return answer(http.StatusOK, taken.body)
	case taken != nil && taken.deleted:
		return refuse(http.StatusConflict, "ConflictError", "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")
	case taken != nil:
		return refuse(http.StatusConflict, "VaultAlreadyExists", "The vault name '%s' is already in use. Vault names are globally unique so it is possible that the name is already taken.", name)
	case recovers:
		return refuse(http.StatusNotFound, "DeletedVaultNotFound", "There is no deleted vault '%s' to recover.", name)
	}
	made := call.store(Object{"location": call.body["location"], "tags": orEmpty(call.body["tags"]), "properties": changed(Object{
		"vaultUri": "https://" + host + "/", "provisioningState": "RegisteringDns", "enableSoftDelete": true, "softDeleteRetentionInDays": 90.0,
		"enableRbacAuthorization": false, "accessPolicies": []any{}, "publicNetworkAccess": "Enabled",
	}, changed(call.properties(), Object{"createMode": nil}))})
	made.secrets, made.pending = map[string]*secret{}, call.subscription.settings.OperationPolls
	s.take(host, made)
	return answer(http.StatusOK, made.body)
}

// unkept refuses what no vault, or this one no more, can say about how long it keeps what is deleted.
func (c *Call) unkept(found *Resource) *Answer {
	days, given := c.properties()["softDeleteRetentionInDays"].(float64)
	soft, said := c.properties()["enableSoftDelete"].(bool)
	switch {
	case said && !soft:
		return refuse(http.StatusBadRequest, "BadRequest", "The property \"enableSoftDelete\" can be set to false only for creating new vault. Enabling the 'soft delete' functionality is an irreversible action.")
	case given && (days < 7 || days > 90):
		return refuse(http.StatusBadRequest, "BadRequest", "The property \"softDeleteRetentionInDays\" must be from 7 to 90.")
	case given && found != nil && in(found.body, "properties", "softDeleteRetentionInDays") != days:
		return refuse(http.StatusBadRequest, "BadRequest", "The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.")
	}
	return nil
}

func (c *Call) changeVault(found *Resource) *Answer {
	if refused := c.unkept(found); refused != nil {
		return refused
	}
	kept := objectIn(found.body, "properties")
	if boolIn(kept, "enablePurgeProtection") {
		if given, ok := c.properties()["enablePurgeProtection"].(bool); ok && !given {
			return refuse(http.StatusBadRequest, "BadRequest", "The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.")
		}
	}
	found.body["properties"] = changed(kept, changed(c.properties(), Object{"createMode": nil}))
	if tags, ok := c.body["tags"]; ok {
		found.body["tags"] = orEmpty(tags)
	}
	return answer(http.StatusOK, found.body)
}

func (s *Server) patchVault(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	return call.changeVault(found)
}

func (s *Server) getVault(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	found.settle()
	return answer(http.StatusOK, found.body)
}

func (s *Server) deleteVault(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	s.remove(found)
	found.deleted = true
	for _, host := range found.hosts {
		s.global[host] = found
	}
	found.body["deletionDate"] = moment()
	return answer(http.StatusOK, nil)
}

// deletedVault is one that its name and location still find.
func (s *Server) deletedVault(call *Call) *Resource {
	found := s.global[strings.ToLower(call.parameters["vaultName"])+vaultHost]
	if found == nil || !found.deleted || found.subscription != call.subscription || !same(textIn(found.body, "location"), call.parameters["location"]) {
		return nil
	}
	return found
}

func deletedVaultBody(vault *Resource) Object {
	location, name := textIn(vault.body, "location"), textIn(vault.body, "name")
	days, _ := in(vault.body, "properties", "softDeleteRetentionInDays").(float64)
	id := vault.subscription.scope() + "/providers/Microsoft.KeyVault/locations/" + location + "/deletedVaults/" + name
	return Object{"id": id, "name": name, "type": "Microsoft.KeyVault/deletedVaults", "properties": Object{
		"vaultId": vault.id, "location": location, "tags": vault.body["tags"], "deletionDate": vault.body["deletionDate"],
		"scheduledPurgeDate": now().Add(time.Duration(days) * 24 * time.Hour).Format(time.RFC3339),
	}}
}

func (s *Server) getDeletedVault(call *Call) *Answer {
	found := s.deletedVault(call)
	if found == nil {
		return refuse(http.StatusNotFound, "DeletedVaultNotFound", "The specified deleted vault '%s' was not found.", call.parameters["vaultName"])
	}
	return answer(http.StatusOK, deletedVaultBody(found))
}

func (s *Server) listDeletedVaults(call *Call) *Answer {
	var bodies []Object
	for _, vault := range s.global {
		if vault.deleted && vault.subscription == call.subscription {
			bodies = append(bodies, deletedVaultBody(vault))
		}
	}
	return call.page(bodies)
}

func (s *Server) purgeVault(call *Call) *Answer {
	found := s.deletedVault(call)
	if found == nil {
		return refuse(http.StatusNotFound, "DeletedVaultNotFound", "The specified deleted vault '%s' was not found.", call.parameters["vaultName"])
	}
	if boolIn(found.body, "properties", "enablePurgeProtection") {
		return refuse(http.StatusForbidden, "VaultPurgeProtected", "The vault '%s' has purge protection.", found.id)
	}
	url := call.begin("operationresults", found, func() { s.free(found) }, nil)
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}

// putKey makes a key by its name; Resource Manager never changes one that is there.
func (s *Server) putKey(call *Call) *Answer {
	id := call.id()
	vault := call.subscription.get(id[:strings.Index(id, "/keys/")])
	if vault == nil {
		return refuse(http.StatusNotFound, "ParentResourceNotFound", "Failed to perform 'write' on resource(s) of type 'vaults/keys', because the parent resource could not be found.")
	}
	if found := call.current(); found != nil {
		return answer(http.StatusOK, found.body)
	}
	uri := uri(vault) + "keys/" + call.parameters["keyName"]
	made := call.store(Object{"location": vault.body["location"], "tags": orEmpty(call.body["tags"]), "properties": changed(Object{
		"keyUri": uri, "keyUriWithVersion": uri + "/" + strings.ReplaceAll(identifier(), "-", ""), "keySize": 2048.0,
	}, changed(call.properties(), Object{"attributes": nil}))})
	return answer(http.StatusOK, made.body)
}
