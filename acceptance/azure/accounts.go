package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Microsoft.Storage: accounts, the settings of their blobs, and lifecycle policies.

var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// unzoned are locations without availability zones.
var unzoned = []string{"northcentralus", "westus", "ukwest"}

func init() { locations = append(locations, unzoned...) }

func (s *Server) accountNameAvailable(call *Call) *Answer {
	return s.available(call, blobHost, accountName.MatchString(call.text("name")), "AccountNameInvalid")
}

// available answers whether a name of the whole world is free.
func (s *Server) available(call *Call, host string, valid bool, invalid string) *Answer {
	name := strings.ToLower(call.text("name"))
	switch {
	case !valid:
		return answer(http.StatusOK, Object{"nameAvailable": false, "reason": invalid, "message": name + " is not a valid name."})
	case s.global[name+host] != nil:
		return answer(http.StatusOK, Object{"nameAvailable": false, "reason": "AlreadyExists", "message": "The name " + name + " is already taken."})
	}
	return answer(http.StatusOK, Object{"nameAvailable": true})
}

func (s *Server) putAccount(call *Call) *Answer {
	name := call.parameters["accountName"]
	if !accountName.MatchString(name) {
		return refuse(http.StatusBadRequest, "AccountNameInvalid", "%s is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.", name)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	found := call.current()
	if found != nil {
		if found.pending > 0 {
			return refuse(http.StatusConflict, "StorageAccountOperationInProgress", "An operation is currently performing on this storage account that requires exclusive access.")
		}
		return s.changeAccount(call, found, http.StatusOK)
	}
	if taken := s.global[name+blobHost]; taken != nil {
		if taken.subscription == call.subscription {
			return refuse(http.StatusConflict, "StorageAccountInAnotherResourceGroup", "The storage account named %s already exists under the subscription.", name)
		}
		return refuse(http.StatusConflict, "StorageAccountAlreadyTaken", "The storage account named %s is already taken.", name)
	}
	if slices.Contains(unzoned, call.text("location")) && strings.HasSuffix(call.text("sku", "name"), "ZRS") {
		return refuse(http.StatusBadRequest, "RedundancyConfigurationNotAvailableInRegion", "The requested storage account redundancy configuration '%s' is not available in location '%s'.", call.text("sku", "name"), call.text("location"))
	}
	made := call.store(s.newAccount(call, name))
	made.blobs = newBlobAccount()
	s.take(name+blobHost, made)
	if refused := s.describeAccount(call, made, call.properties()); refused != nil {
		s.remove(made)
		return refused
	}
	made.pending = 1
	ended := func() {
		made.pending = 0
		made.setState("Succeeded")
	}
	url := call.begin("asyncoperations", made, ended, func() Object { return made.body })
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}

func (s *Server) newAccount(call *Call, name string) Object {
	endpoints := Object{}
	for _, service := range []string{"blob", "dfs", "file", "queue", "table"} {
		endpoints[service] = "https://" + name + "." + service + ".core.windows.net/"
	}
	sku := call.text("sku", "name")
	tier, _, _ := strings.Cut(sku, "_")
	created := moment()
	service := Object{"enabled": true, "keyType": "Account", "lastEnabledTime": created}
	return Object{
		"sku": Object{"name": sku, "tier": tier}, "kind": call.body["kind"], "location": call.body["location"], "tags": orEmpty(call.body["tags"]),
		"properties": Object{
			"provisioningState": "Creating", "creationTime": created, "primaryLocation": call.body["location"], "statusOfPrimary": "available",
			"primaryEndpoints": endpoints, "privateEndpointConnections": []any{}, "supportsHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_0",
			"allowBlobPublicAccess": false, "allowCrossTenantReplication": false, "accessTier": "Hot", "keyCreationTime": Object{"key1": created, "key2": created},
			"networkAcls": openNetwork(), "encryption": Object{"keySource": "Microsoft.Storage", "services": Object{"blob": service, "file": service}},
		},
	}
}

func openNetwork() Object {
	return Object{"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{}, "resourceAccessRules": []any{}}
}

// getAccount brings an account that nobody asks about any more, since the answer was lost, into being.
func (s *Server) getAccount(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	body := copied(found.body)
	if found.pending > 0 {
		found.pending = 0
		found.setState("Succeeded")
	}
	return answer(http.StatusOK, body)
}

func (s *Server) patchAccount(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	if found.pending > 0 {
		return refuse(http.StatusConflict, "StorageAccountOperationInProgress", "An operation is currently performing on this storage account that requires exclusive access.")
	}
	return s.changeAccount(call, found, http.StatusOK)
}

func (s *Server) changeAccount(call *Call, found *Resource, status int) *Answer {
	given := call.properties()
	if hierarchical, ok := given["isHnsEnabled"]; ok && hierarchical != (boolIn(found.body, "properties", "isHnsEnabled")) {
		return refuse(http.StatusBadRequest, "AccountPropertyCannotBeUpdated", "The property 'isHnsEnabled' was specified in the input, but it cannot be updated.")
	}
	if kind := call.text("kind"); kind != "" && kind != textIn(found.body, "kind") && call.http.Method == http.MethodPut {
		return refuse(http.StatusBadRequest, "AccountPropertyCannotBeUpdated", "The property 'kind' was specified in the input, but it cannot be updated.")
	}
	if refused := s.describeAccount(call, found, given); refused != nil {
		return refused
	}
	if tags, ok := call.body["tags"]; ok {
		found.body["tags"] = orEmpty(tags)
	}
	return answer(status, found.body)
}

// describeAccount takes identity and properties as they are given; what is not given stays.
func (s *Server) describeAccount(call *Call, account *Resource, given Object) *Answer {
	if identity := objectIn(call.body, "identity"); len(identity) > 0 {
		if refused := s.identify(call, account, identity); refused != nil {
			return refused
		}
	}
	for name, value := range given {
		if value == nil {
			given = changed(given, Object{name: nil})
		}
	}
	if network := objectIn(given, "networkAcls"); len(network) > 0 {
		if refused := s.joins(call, account, network); refused != nil {
			return refused
		}
		given = changed(given, Object{"networkAcls": changed(openNetwork(), network)})
	}
	if encryption := objectIn(given, "encryption"); len(encryption) > 0 {
		if refused := s.encrypt(account, encryption); refused != nil {
			return refused
		}
		kept := objectIn(account.body, "properties", "encryption")
		given = changed(given, Object{"encryption": changed(kept, encryption)})
	}
	account.body["properties"] = changed(objectIn(account.body, "properties"), given)
	return nil
}

// identify gives an account the identities that are asked for.
func (s *Server) identify(call *Call, account *Resource, given Object) *Answer {
	kind := textIn(given, "type")
	identity := Object{"type": kind}
	if strings.Contains(kind, "SystemAssigned") {
		id := textIn(account.body, "identity", "principalId")
		if id == "" {
			principal := s.newPrincipal(account.subscription, textIn(account.body, "name"), "ServicePrincipal")
			principal.unknown = account.subscription.settings.PrincipalDelay
			id = principal.id
		}
		identity["principalId"], identity["tenantId"] = id, tenant
	}
	assigned := objectIn(given, "userAssignedIdentities")
	users := Object{}
	for id := range assigned {
		user := account.subscription.get(id)
		if user == nil {
			return refuse(http.StatusBadRequest, "FailedIdentityOperation", "The user assigned identity '%s' was not found.", id)
		}
		if refused := s.linked(call, account.id, identityType+"/assign/action", id); refused != nil {
			return refused
		}
		users[id] = Object{"principalId": textIn(user.body, "properties", "principalId"), "clientId": textIn(user.body, "properties", "clientId")}
	}
	if len(users) > 0 {
		identity["userAssignedIdentities"] = users
	}
	account.body["identity"] = identity
	return nil
}

// joins checks that the caller may let an account into the subnets of its network rules.
func (s *Server) joins(call *Call, account *Resource, network Object) *Answer {
	rules, _ := network["virtualNetworkRules"].([]any)
	for _, rule := range rules {
		rule, _ := rule.(Object)
		if refused := s.linked(call, account.id, "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action", textIn(rule, "id")); refused != nil {
			return refused
		}
	}
	return nil
}

// linked refuses a caller who has not the right on something that the resource is to use.
func (s *Server) linked(call *Call, resource, action, scope string) *Answer {
	if s.allowed(call.principal, action, false, scope, nil) {
		return nil
	}
	return refuse(http.StatusForbidden, "LinkedAuthorizationFailed",
		"The client '%s' with object id '%s' has permission to perform action '%s' on scope '%s'; however, it does not have permission to perform action(s) '%s' on the linked scope(s) '%s' or the linked scope(s) are invalid.",
		call.principal.client, call.principal.id, call.operation, resource, action, scope)
}

// encrypt checks that the account's identity may use the key in a vault.
func (s *Server) encrypt(account *Resource, encryption Object) *Answer {
	if textIn(encryption, "keySource") != "Microsoft.Keyvault" {
		return nil
	}
	uri := textIn(encryption, "keyvaultproperties", "keyvaulturi")
	host := strings.TrimSuffix(strings.TrimPrefix(uri, "https://"), "/")
	vault := s.global[host]
	if vault == nil || vault.deleted {
		return refuse(http.StatusBadRequest, "KeyVaultVaultNotFound", "The key vault '%s' is not found.", uri)
	}
	principal := textIn(account.body, "identity", "principalId")
	if chosen := textIn(encryption, "identity", "userAssignedIdentity"); chosen != "" {
		for id, user := range objectIn(account.body, "identity", "userAssignedIdentities") {
			if same(id, chosen) {
				principal = textIn(user.(Object), "principalId")
			}
		}
	}
	holder := s.principals[principal]
	scope := vault.id + "/keys/" + textIn(encryption, "keyvaultproperties", "keyname")
	if holder == nil || !s.allowed(holder, "Microsoft.KeyVault/vaults/keys/wrap/action", true, scope, nil) {
		return refuse(http.StatusForbidden, "KeyVaultAuthenticationFailure", "The operation failed because of authentication issue on the keyvault. The given identity does not have the permissions to use the key.")
	}
	return nil
}

func (s *Server) deleteAccount(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	if found.pending > 0 {
		return refuse(http.StatusConflict, "StorageAccountOperationInProgress", "An operation is currently performing on this storage account that requires exclusive access.")
	}
	s.remove(found)
	return answer(http.StatusOK, nil)
}

func (s *Server) listAccountKeys(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	if shared, ok := in(found.body, "properties", "allowSharedKeyAccess").(bool); ok && !shared {
		return refuse(http.StatusForbidden, "KeyBasedAuthenticationNotPermitted", "Key based authentication is not permitted on this storage account.")
	}
	return answer(http.StatusOK, Object{"keys": []any{Object{"keyName": "key1", "permissions": "FULL", "value": encode([]byte(identifier()))}}})
}

// account is the storage account that a call inside of it names.
func (c *Call) account() *Resource {
	id := c.id()
	before, rest, ok := strings.Cut(id, "/storageAccounts/")
	name, _, _ := strings.Cut(rest, "/")
	if !ok {
		return nil
	}
	found := c.subscription.get(before + "/storageAccounts/" + name)
	if found == nil || found.pending > 0 {
		return nil
	}
	return found
}

func (c *Call) noAccount() *Answer {
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource 'Microsoft.Storage/storageAccounts/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", c.parameters["accountName"], c.parameters["resourceGroupName"])
}

// blobService is the settings of an account's blobs; an account has them from the beginning.
func (c *Call) blobService(account *Resource) *Resource {
	id := account.id + "/blobServices/default"
	if found := c.subscription.get(id); found != nil {
		return found
	}
	made := &Resource{subscription: c.subscription, id: id, body: Object{
		"id": id, "name": "default", "type": "Microsoft.Storage/storageAccounts/blobServices", "sku": account.body["sku"],
		"properties": Object{"cors": Object{"corsRules": []any{}}, "deleteRetentionPolicy": Object{"enabled": false, "allowPermanentDelete": false}},
	}}
	c.subscription.resources[key(id)] = made
	return made
}

func (s *Server) getBlobService(call *Call) *Answer {
	account := call.account()
	if account == nil {
		return call.noAccount()
	}
	return answer(http.StatusOK, call.blobService(account).body)
}

func (s *Server) putBlobService(call *Call) *Answer {
	account := call.account()
	if account == nil {
		return call.noAccount()
	}
	given := call.properties()
	if boolIn(given, "isVersioningEnabled") && boolIn(account.body, "properties", "isHnsEnabled") {
		return refuse(http.StatusConflict, "FeatureNotSupportedForAccount", "Blob versioning is not supported for the account.")
	}
	for _, name := range []string{"deleteRetentionPolicy", "containerDeleteRetentionPolicy"} {
		days, _ := in(given, name, "days").(float64)
		if boolIn(given, name, "enabled") && (days < 1 || days > 365) {
			return refuse(http.StatusBadRequest, "InvalidRequestPropertyValue", "The value '%v' is not allowed for property %s.days: it must be between 1 and 365.", days, name)
		}
	}
	service := call.blobService(account)
	service.body["properties"] = changed(objectIn(service.body, "properties"), given)
	return answer(http.StatusOK, service.body)
}

func (s *Server) putLifecycle(call *Call) *Answer {
	if call.account() == nil {
		return call.noAccount()
	}
	if name := call.parameters["managementPolicyName"]; name != "default" {
		return refuse(http.StatusBadRequest, "InvalidManagementPolicyName", "The management policy name '%s' is invalid: it must be 'default'.", name)
	}
	properties := changed(call.properties(), Object{"lastModifiedTime": moment()})
	if found := call.current(); found != nil {
		found.body["properties"] = properties
		return answer(http.StatusOK, found.body)
	}
	made := call.store(Object{"properties": properties})
	// As the real service answers: another name than the one in the id.
	made.body["name"] = "DefaultManagementPolicy"
	return answer(http.StatusOK, made.body)
}

func (s *Server) getLifecycle(call *Call) *Answer {
	if call.account() == nil {
		return call.noAccount()
	}
	if found := call.current(); found != nil {
		return answer(http.StatusOK, found.body)
	}
	return refuse(http.StatusNotFound, "ManagementPolicyNotFound", "No ManagementPolicy found for account %s", call.parameters["accountName"])
}

func (s *Server) deleteLifecycle(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	s.remove(found)
	return answer(http.StatusOK, nil)
}
