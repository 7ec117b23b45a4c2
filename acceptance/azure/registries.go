package main

import (
	"net/http"
	"regexp"
	"strings"
)

// Microsoft.ContainerRegistry: registries. Their own API is in images.go.

var registryName = regexp.MustCompile(`^[a-zA-Z0-9]{5,50}$`)

func (s *Server) registryNameAvailable(call *Call) *Answer {
	return s.available(call, registryHost, registryName.MatchString(call.text("name")), "Invalid")
}

func (s *Server) putRegistry(call *Call) *Answer {
	name := call.parameters["registryName"]
	if !registryName.MatchString(name) {
		return refuse(http.StatusBadRequest, "ResourceNameInvalid", "The registry name '%s' is invalid: 5 to 50 letters and digits.", name)
	}
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	if found := call.current(); found != nil {
		return s.changeRegistry(call, found)
	}
	host := strings.ToLower(name) + registryHost
	if s.global[host] != nil {
		return refuse(http.StatusConflict, "AlreadyInUse", "The registry DNS name %s is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability", host)
	}
	sku := call.text("sku", "name")
	if refused := beyondTier(sku, call.properties()); refused != nil {
		return refused
	}
	made := call.store(Object{"location": call.body["location"], "tags": orEmpty(call.body["tags"]), "sku": Object{"name": sku, "tier": sku}, "properties": changed(Object{
		"loginServer": host, "creationDate": moment(), "provisioningState": "Creating", "adminUserEnabled": false, "dataEndpointEnabled": false,
		"dataEndpointHostNames": []any{}, "encryption": Object{"status": "disabled"}, "privateEndpointConnections": []any{}, "publicNetworkAccess": "Enabled",
		"networkRuleBypassOptions": "AzureServices", "zoneRedundancy": "Disabled", "policies": defaultPolicies(), "anonymousPullEnabled": false,
		"roleAssignmentMode": byRegistry,
	}, call.properties())})
	made.images = map[string][]string{}
	s.take(host, made)
	url := call.begin("operationStatuses", made, func() { made.setState("Succeeded") }, nil)
	return answer(http.StatusCreated, copied(made.body)).with("Azure-AsyncOperation", url)
}

// How roles let in: those of the whole registry, or of repositories, which do not heed AcrPull and its like.
const (
	byRegistry   = "LegacyRegistryPermissions"
	byRepository = "AbacRepositoryPermissions"
)

// beyondTier refuses what a tier does not have.
func beyondTier(sku string, properties Object) *Answer {
	premium := boolIn(properties, "dataEndpointEnabled") || textIn(properties, "publicNetworkAccess") == "Disabled" ||
		textIn(properties, "zoneRedundancy") == "Enabled" || textIn(properties, "encryption", "status") == "enabled" || in(properties, "networkRuleSet") != nil
	switch {
	case sku == "Classic":
		return refuse(http.StatusBadRequest, "SkuNotSupported", "The registry SKU 'Classic' is retired.")
	case sku != "Premium" && premium, sku == "Basic" && boolIn(properties, "anonymousPullEnabled"):
		return refuse(http.StatusBadRequest, "SkuNotSupported", "The SKU '%s' does not support what is asked for. Please choose a higher SKU.", sku)
	}
	return nil
}

func defaultPolicies() Object {
	moment := moment()
	return Object{
		"quarantinePolicy": Object{"status": "disabled"}, "trustPolicy": Object{"type": "Notary", "status": "disabled"},
		"retentionPolicy": Object{"days": 7, "lastUpdatedTime": moment, "status": "disabled"}, "exportPolicy": Object{"status": "enabled"},
	}
}

// getRegistry brings a registry that nobody asks about any more, since the answer was lost, into being.
func (s *Server) getRegistry(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	body := copied(found.body)
	if textIn(found.body, "properties", "provisioningState") == "Creating" {
		found.setState("Succeeded")
	}
	return answer(http.StatusOK, body)
}

func (s *Server) patchRegistry(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	return s.changeRegistry(call, found)
}

func (s *Server) changeRegistry(call *Call, found *Resource) *Answer {
	if state := textIn(found.body, "properties", "provisioningState"); state == "Creating" {
		return refuse(http.StatusConflict, "RegistryStatusConflict", "The registry %s is in '%s' state: another operation is in progress.", found.id, state)
	}
	sku := call.text("sku", "name")
	if sku == "" {
		sku = textIn(found.body, "sku", "name")
	}
	properties := changed(objectIn(found.body, "properties"), call.properties())
	if refused := beyondTier(sku, properties); refused != nil {
		return refused
	}
	found.body["properties"] = properties
	found.body["sku"] = Object{"name": sku, "tier": sku}
	found.setState("Succeeded")
	if tags, ok := call.body["tags"]; ok {
		found.body["tags"] = orEmpty(tags)
	}
	return answer(http.StatusOK, found.body)
}

func (s *Server) deleteRegistry(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	url := call.begin("operationresults", found, func() { s.remove(found) }, nil)
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}
