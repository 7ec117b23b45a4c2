package main

import (
	"net/http"
	"slices"
	"strings"
)

// Microsoft.Network: private endpoints, and the network interface that each has.

const endpointType = "Microsoft.Network/privateEndpoints"

// offers are the parts of objects of other providers that have endpoints.
var offers = map[string][]string{
	strings.ToLower("Microsoft.Storage/storageAccounts"):          {"blob", "dfs", "file", "queue", "table", "web"},
	strings.ToLower("Microsoft.KeyVault/vaults"):                  {"vault"},
	strings.ToLower("Microsoft.ContainerRegistry/registries"):     {"registry"},
	strings.ToLower("Microsoft.ContainerService/managedClusters"): {"management"},
}

// askedFor is the one connection that an endpoint asks for.
func askedFor(properties Object) (connection Object, manual bool, one bool) {
	own, others := list(properties, "privateLinkServiceConnections"), list(properties, "manualPrivateLinkServiceConnections")
	if len(own)+len(others) != 1 {
		return nil, false, false
	}
	return slices.Concat(own, others)[0], len(others) == 1, true
}

func (s *Server) putEndpoint(call *Call) *Answer {
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	properties := call.properties()
	asked, manual, one := askedFor(properties)
	if !one {
		return refuse(http.StatusBadRequest, "InvalidRequestFormat", "A private endpoint has one private link service connection.")
	}
	subnet, refused := s.subnetFor(call, textIn(properties, "subnet", "id"))
	if refused != nil {
		return refused
	}
	if message := textIn(asked, "properties", "requestMessage"); len([]rune(message)) > 140 {
		return refuse(http.StatusBadRequest, "InvalidRequestFormat", "The request message is longer than 140 characters.")
	}
	if found := call.current(); found != nil {
		return s.changeEndpoint(call, found, asked)
	}
	target, refused := s.target(call, asked, manual)
	if refused != nil {
		return refused
	}
	if refused := s.busy(call, subnet.id); refused != nil {
		return refused
	}
	made := call.store(Object{"location": call.body["location"], "tags": orEmpty(call.body["tags"])})
	made.link = &link{name: textIn(made.body, "name") + "." + identifier(), endpoint: made, target: target, manual: manual, status: pendingLink}
	made.link.description = textIn(asked, "properties", "requestMessage")
	if !manual || resourceType(target.id) == serviceType && target.lists("autoApproval", call.subscription) {
		made.link.status, made.link.description = approvedLink, "Auto-Approved"
	}
	target.links = append(target.links, made.link)
	made.body["properties"] = Object{
		"subnet": Object{"id": subnet.id}, "ipConfigurations": []any{}, "customNetworkInterfaceName": "", "provisioningState": "Updating",
		"networkInterfaces": []any{Object{"id": call.plug(made, subnet, max(len(s.namesOf(made)), 1))}},
	}
	return s.updating(call, made, asked, http.StatusCreated)
}

// changeEndpoint takes another request message and other tags; all else would be another endpoint.
func (s *Server) changeEndpoint(call *Call, found *Resource, asked Object) *Answer {
	before, manual, _ := askedFor(s.endpoint(found))
	_, manually, _ := askedFor(call.properties())
	leads := func(connection Object) string { return textIn(connection, "properties", "privateLinkServiceId") }
	if !same(leads(before), leads(asked)) || manual != manually || !same(subnetOf(found), textIn(call.properties(), "subnet", "id")) {
		return refuse(http.StatusBadRequest, "PropertyChangeNotAllowed", "The subnet and the private link service of a private endpoint cannot be changed.")
	}
	if refused := s.busy(call, subnetOf(found)); refused != nil {
		return refused
	}
	found.body["tags"] = orEmpty(call.body["tags"])
	found.setState("Updating")
	return s.updating(call, found, asked, http.StatusOK)
}

func (s *Server) updating(call *Call, found *Resource, asked Object, status int) *Answer {
	connection := Object{
		"id": found.id + "/privateLinkServiceConnections/" + textIn(asked, "name"), "name": textIn(asked, "name"), "type": endpointType + "/privateLinkServiceConnections",
		"properties": Object{
			"privateLinkServiceId": in(asked, "properties", "privateLinkServiceId"), "groupIds": texts(objectIn(asked, "properties"), "groupIds"),
			"requestMessage": textIn(asked, "properties", "requestMessage"), "provisioningState": "Succeeded",
		},
	}
	own, others := []any{connection}, []any{}
	if found.link.manual {
		own, others = others, own
	}
	properties := objectIn(found.body, "properties")
	properties["privateLinkServiceConnections"], properties["manualPrivateLinkServiceConnections"] = own, others
	url := call.begin("operations", found, func() { found.setState("Succeeded") }, nil)
	s.endpoint(found)
	return answer(status, copied(found.body)).with("Azure-AsyncOperation", url)
}

// target is what an endpoint may lead to.
func (s *Server) target(call *Call, asked Object, manual bool) (*Resource, *Answer) {
	id := textIn(asked, "properties", "privateLinkServiceId")
	unknown := refuse(http.StatusBadRequest, "InvalidPrivateLinkServiceId",
		"Private Endpoint %s has an invalid private link service id %s: it does not exist, or is not visible to this subscription.", call.id(), id)
	target := s.referred(id)
	if isAlias(id) {
		target = s.byAlias(id)
	}
	if target == nil || isAlias(id) && !manual {
		return nil, unknown
	}
	kind, groups := resourceType(target.id), texts(objectIn(asked, "properties"), "groupIds")
	if same(kind, serviceType) {
		switch {
		case len(groups) > 0:
			return nil, refuse(http.StatusBadRequest, "PrivateLinkServiceDoesNotSupportGroupIds", "The private link service %s has no groups.", id)
		case target.subscription != call.subscription && !target.lists("visibility", call.subscription):
			return nil, unknown
		}
	} else if offered := offers[strings.ToLower(kind)]; len(groups) != 1 || !slices.Contains(offered, groups[0]) {
		return nil, refuse(http.StatusBadRequest, "InvalidPrivateEndpointGroupIds", "The group ids %v are not valid for %s, which offers %v.", groups, id, offered)
	} else if same(kind, "Microsoft.ContainerRegistry/registries") && textIn(target.body, "sku", "name") != "Premium" {
		return nil, refuse(http.StatusBadRequest, "PrivateEndpointFeatureNotSupportedForSku", "The registry %s is not of the SKU Premium, which private endpoints need.", id)
	}
	if manual {
		return target, nil
	}
	return target, s.linked(call, call.id(), kind+"/privateEndpointConnectionsApproval/action", target.id)
}

// plug makes the network interface of an endpoint, with so many addresses.
func (c *Call) plug(endpoint, subnet *Resource, addresses int) string {
	name := textIn(endpoint.body, "name") + ".nic." + identifier()
	id := parent(endpoint.id) + "/networkInterfaces/" + name
	configurations := []any{}
	for i, address := range c.subscription.lend(subnet, addresses) {
		inner := "privateEndpointIpConfig." + identifier()
		configurations = append(configurations, Object{"id": id + "/ipConfigurations/" + inner, "name": inner, "type": interfaceType + "/ipConfigurations", "properties": Object{
			"privateIPAddress": address, "privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4", "primary": i == 0,
			"subnet": Object{"id": subnet.id}, "provisioningState": "Succeeded",
		}})
	}
	c.subscription.resources[key(id)] = &Resource{subscription: c.subscription, id: id, body: Object{
		"id": id, "name": name, "type": interfaceType, "location": endpoint.body["location"],
		"properties": Object{"ipConfigurations": configurations, "provisioningState": "Succeeded", "privateEndpoint": Object{"id": endpoint.id}},
	}}
	return id
}

// namesOf are the names that lead to what an endpoint leads to.
func (s *Server) namesOf(endpoint *Resource) []string {
	target := endpoint.link.target
	if target == nil || endpoint.link.status != approvedLink {
		return nil
	}
	name := strings.ToLower(textIn(target.body, "name"))
	switch strings.ToLower(resourceType(target.id)) {
	case strings.ToLower(serviceType):
		return texts(objectIn(target.body, "properties"), "fqdns")
	case "microsoft.storage/storageaccounts":
		asked, _, _ := askedFor(objectIn(endpoint.body, "properties"))
		part := "blob"
		if groups := texts(objectIn(asked, "properties"), "groupIds"); len(groups) > 0 {
			part = groups[0]
		}
		return []string{name + "." + part + ".core.windows.net"}
	case "microsoft.keyvault/vaults":
		return []string{name + vaultHost}
	case "microsoft.containerregistry/registries":
		return []string{name + "." + textIn(target.body, "location") + ".data" + registryHost, name + registryHost}
	}
	return []string{textIn(target.body, "properties", "fqdn")}
}

// namedAddresses pairs each name of an endpoint with its address.
func (s *Server) namedAddresses(endpoint *Resource) [][2]string {
	var addresses []string
	for _, plugged := range list(objectIn(endpoint.body, "properties"), "networkInterfaces") {
		for _, configuration := range list(objectIn(s.referred(textIn(plugged, "id")).body, "properties"), "ipConfigurations") {
			addresses = append(addresses, textIn(configuration, "properties", "privateIPAddress"))
		}
	}
	var pairs [][2]string
	for i, name := range s.namesOf(endpoint) {
		pairs = append(pairs, [2]string{name, addresses[min(i, len(addresses)-1)]})
	}
	return pairs
}

// endpoint brings what is told of one up to date, and gives its properties. Names are told by the zone group where there is one.
func (s *Server) endpoint(found *Resource) Object {
	properties := objectIn(found.body, "properties")
	if asked, _, one := askedFor(properties); one {
		objectIn(asked, "properties")["privateLinkServiceConnectionState"] = found.link.state()
	}
	names := []any{}
	if len(found.subscription.under(found.id+"/privateDnsZoneGroups")) == 0 {
		for _, pair := range s.namedAddresses(found) {
			names = append(names, Object{"fqdn": pair[0], "ipAddresses": []any{pair[1]}})
		}
	}
	properties["customDnsConfigs"] = names
	return properties
}

func (s *Server) getEndpoint(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	s.endpoint(found)
	body := copied(found.body)
	s.look(found)
	return answer(http.StatusOK, body)
}

func (s *Server) listEndpoints(call *Call) *Answer {
	for _, found := range call.subscription.ofType(endpointType) {
		s.endpoint(found)
	}
	return s.list(call)
}

func (s *Server) deleteEndpoint(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	if refused := s.busy(call, subnetOf(found)); refused != nil {
		return refused
	}
	return call.deleting(found, nil)
}
