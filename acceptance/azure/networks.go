package main

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Microsoft.Network: as much of virtual networks and load balancers as private services and endpoints refer to.

const (
	networkType   = "Microsoft.Network/virtualNetworks"
	subnetType    = networkType + "/subnets"
	balancerType  = "Microsoft.Network/loadBalancers"
	interfaceType = "Microsoft.Network/networkInterfaces"
)

// taken is how many addresses at the start of a subnet are Azure's own.
const taken = 4

func (s *Server) putNetwork(call *Call) *Answer {
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	status, found := http.StatusOK, call.current()
	if found == nil {
		status, found = http.StatusCreated, call.store(Object{"tags": Object{}})
	}
	found.body["location"], found.body["tags"] = call.body["location"], orEmpty(call.body["tags"])
	subnets := []any{}
	for _, asked := range list(call.properties(), "subnets") {
		name := textIn(asked, "name")
		id := found.id + "/subnets/" + name
		body := Object{"id": id, "name": name, "type": subnetType, "properties": changed(Object{
			"privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled", "delegations": []any{}, "provisioningState": "Succeeded",
		}, objectIn(asked, "properties"))}
		found.subscription.resources[key(id)] = &Resource{subscription: found.subscription, id: id, body: body}
		subnets = append(subnets, body)
	}
	found.body["properties"] = changed(call.properties(), Object{"subnets": subnets, "provisioningState": "Succeeded"})
	return answer(status, found.body)
}

func (s *Server) deleteNetwork(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	for _, kind := range []string{serviceType, endpointType} {
		for _, other := range call.subscription.ofType(kind) {
			if same(parent(subnetOf(other)), found.id) {
				return refuse(http.StatusBadRequest, "InUseSubnetCannotBeDeleted", "Subnet %s is in use by %s and cannot be deleted.", subnetOf(other), other.id)
			}
		}
	}
	return call.deleting(found, nil)
}

func (s *Server) putBalancer(call *Call) *Answer {
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	status, found := http.StatusOK, call.current()
	if found == nil {
		status, found = http.StatusCreated, call.store(Object{})
	}
	frontends := []any{}
	for _, asked := range list(call.properties(), "frontendIPConfigurations") {
		name := textIn(asked, "name")
		frontends = append(frontends, Object{
			"id": found.id + "/frontendIPConfigurations/" + name, "name": name, "type": balancerType + "/frontendIPConfigurations",
			"properties": changed(objectIn(asked, "properties"), Object{"provisioningState": "Succeeded"}),
		})
	}
	found.body["location"], found.body["tags"], found.body["sku"] = call.body["location"], orEmpty(call.body["tags"]), orEmpty(call.body["sku"])
	found.body["properties"] = changed(call.properties(), Object{"frontendIPConfigurations": frontends, "provisioningState": "Succeeded"})
	return answer(status, found.body)
}

func (s *Server) deleteBalancer(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	for _, other := range call.subscription.ofType(serviceType) {
		for _, frontend := range list(objectIn(other.body, "properties"), "loadBalancerFrontendIpConfigurations") {
			if same(parent(textIn(frontend, "id")), found.id) {
				return refuse(http.StatusBadRequest, "LoadBalancerUsedByPrivateLinkServiceCannotBeDeleted", "Load balancer %s is in use by %s.", found.id, other.id)
			}
		}
	}
	return call.deleting(found, nil)
}

// deleting answers 202 and lets the resource go once somebody has asked.
func (c *Call) deleting(found *Resource, ended func()) *Answer {
	found.setState("Deleting")
	url := c.begin("operationresults", found, func() {
		if ended != nil {
			ended()
		}
		c.server.remove(found)
	}, nil)
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}

// referred gives what an id of any subscription leads to.
func (s *Server) referred(id string) *Resource {
	if sub := s.owning(id); sub != nil {
		return sub.get(id)
	}
	return nil
}

// unreferred is the answer to a reference that leads nowhere, or into another region.
func (c *Call) unreferred(id string) *Answer {
	return refuse(http.StatusBadRequest, "InvalidResourceReference",
		"Resource %s referenced by resource %s was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.", id, c.id())
}

// subnetFor gives the subnet that something is put into, if the caller may.
func (s *Server) subnetFor(call *Call, id string) (*Resource, *Answer) {
	subnet := s.referred(id)
	if subnet == nil || resourceType(subnet.id) != subnetType || subnet.subscription != call.subscription ||
		textIn(s.referred(parent(subnet.id)).body, "location") != call.text("location") {
		return nil, call.unreferred(id)
	}
	return subnet, s.linked(call, call.id(), subnetType+"/join/action", subnet.id)
}

// busy refuses a second write in a virtual network before the first has ended. Whoever is refused has looked: what nobody asks about
// any more, since its answer was lost, ends so.
func (s *Server) busy(call *Call, subnet string) *Answer {
	for _, kind := range []string{serviceType, endpointType} {
		for _, other := range call.subscription.ofType(kind) {
			if state := textIn(other.body, "properties", "provisioningState"); state != "Updating" && state != "Deleting" || !same(parent(subnetOf(other)), parent(subnet)) {
				continue
			}
			s.look(other)
			return refuse(http.StatusTooManyRequests, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress: %s.", other.id).with("Retry-After", "0")
		}
	}
	return nil
}

// look ends what is under way.
func (s *Server) look(resource *Resource) {
	switch textIn(resource.body, "properties", "provisioningState") {
	case "Updating":
		resource.setState("Succeeded")
	case "Deleting":
		s.remove(resource)
	}
}

// lend gives the next free addresses of a subnet.
func (sub *Subscription) lend(subnet *Resource, count int) []string {
	var used []string
	for _, other := range sub.ofType(interfaceType) {
		for _, configuration := range list(objectIn(other.body, "properties"), "ipConfigurations") {
			if same(textIn(configuration, "properties", "subnet", "id"), subnet.id) {
				used = append(used, textIn(configuration, "properties", "privateIPAddress"))
			}
		}
	}
	prefix, err := netip.ParsePrefix(textIn(subnet.body, "properties", "addressPrefix"))
	if err != nil {
		return nil
	}
	address := prefix.Masked().Addr()
	for range taken {
		address = address.Next()
	}
	var lent []string
	for ; len(lent) < count && prefix.Contains(address); address = address.Next() {
		if !slices.Contains(used, address.String()) {
			lent = append(lent, address.String())
		}
	}
	return lent
}

// subnetOf is where a private service or endpoint lies.
func subnetOf(resource *Resource) string {
	properties := objectIn(resource.body, "properties")
	for _, configuration := range list(properties, "ipConfigurations") {
		if id := textIn(configuration, "properties", "subnet", "id"); id != "" {
			return id
		}
	}
	return textIn(properties, "subnet", "id")
}

// parent is the id of what a resource is a part of.
func parent(id string) string {
	for range 2 {
		id = id[:max(strings.LastIndex(id, "/"), 0)]
	}
	return id
}

// list gives the objects of a list.
func list(object Object, name string) []Object {
	values, _ := object[name].([]any)
	var found []Object
	for _, value := range values {
		if inner, ok := value.(Object); ok {
			found = append(found, inner)
		}
	}
	return found
}

func texts(object Object, name string) []string {
	if own, ok := object[name].([]string); ok {
		return own
	}
	values, _ := object[name].([]any)
	found := []string{}
	for _, value := range values {
		if text, ok := value.(string); ok {
			found = append(found, text)
		}
	}
	return found
}
