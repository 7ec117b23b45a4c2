package main

import (
	"net/http"
	"slices"
	"strings"
)

// Microsoft.Network: Private Link services, and the connections to them.

const serviceType = "Microsoft.Network/privateLinkServices"

const aliasEnd = ".azure.privatelinkservice"

func (s *Server) putService(call *Call) *Answer {
	if refused := call.misplaced(); refused != nil {
		return refused
	}
	properties := call.properties()
	found := call.current()
	if refused := s.serviceRefused(call, found, properties); refused != nil {
		return refused
	}
	status := http.StatusOK
	if found == nil {
		status = http.StatusCreated
		name := call.parameters["serviceName"]
		found = call.store(Object{"properties": Object{"alias": name + "." + identifier() + "." + call.text("location") + aliasEnd}})
	}
	configurations := []any{}
	for _, asked := range list(properties, "ipConfigurations") {
		name := textIn(asked, "name")
		configurations = append(configurations, Object{
			"id": found.id + "/ipConfigurations/" + name, "name": name, "type": serviceType + "/ipConfigurations",
			"properties": changed(objectIn(asked, "properties"), Object{"provisioningState": "Succeeded"}),
		})
	}
	shown := func(name string) Object {
		return Object{"subscriptions": texts(objectIn(properties, name), "subscriptions")}
	}
	found.body["location"], found.body["tags"] = call.body["location"], orEmpty(call.body["tags"])
	found.body["properties"] = changed(properties, Object{
		"alias": in(found.body, "properties", "alias"), "provisioningState": "Updating", "ipConfigurations": configurations,
		"visibility": shown("visibility"), "autoApproval": shown("autoApproval"), "fqdns": texts(properties, "fqdns"),
		"enableProxyProtocol": boolIn(properties, "enableProxyProtocol"), "networkInterfaces": []any{},
	})
	url := call.begin("operations", found, func() { found.setState("Succeeded") }, nil)
	return answer(status, copied(s.service(found))).with("Azure-AsyncOperation", url)
}

// serviceRefused says what keeps a Private Link service from being made or changed so.
func (s *Server) serviceRefused(call *Call, found *Resource, properties Object) *Answer {
	frontends, configurations := list(properties, "loadBalancerFrontendIpConfigurations"), list(properties, "ipConfigurations")
	if len(frontends) == 0 || len(configurations) == 0 {
		return refuse(http.StatusBadRequest, "InvalidRequestFormat", "A private link service has load balancer frontend IP configurations and IP configurations.")
	}
	for _, frontend := range frontends {
		if refused := s.frontendRefused(call, textIn(frontend, "id")); refused != nil {
			return refused
		}
	}
	for _, configuration := range configurations {
		subnet, refused := s.subnetFor(call, textIn(configuration, "properties", "subnet", "id"))
		if refused != nil {
			return refused
		}
		if textIn(subnet.body, "properties", "privateLinkServiceNetworkPolicies") != "Disabled" {
			return refuse(http.StatusBadRequest, "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
				"Private link service %s cannot be created in a subnet %s since it has private link service network policies enabled.", call.id(), subnet.id)
		}
	}
	visible := texts(objectIn(properties, "visibility"), "subscriptions")
	for _, approved := range texts(objectIn(properties, "autoApproval"), "subscriptions") {
		if !slices.Contains(visible, "*") && !slices.ContainsFunc(visible, func(other string) bool { return same(other, approved) }) {
			return refuse(http.StatusBadRequest, "AutoApprovalSubscriptionsNotSubsetOfVisibilitySubscriptions", "Subscription %s is approved without seeing the service.", approved)
		}
	}
	subnet := textIn(configurations[0], "properties", "subnet", "id")
	if found == nil {
		return s.busy(call, subnet)
	}
	before := objectIn(found.body, "properties")
	if !same(subnet, subnetOf(found)) || !same(textIn(frontends[0], "id"), textIn(list(before, "loadBalancerFrontendIpConfigurations")[0], "id")) {
		return refuse(http.StatusBadRequest, "PropertyChangeNotAllowed", "The subnet and the load balancer of a private link service cannot be changed.")
	}
	return s.busy(call, subnet)
}

func (s *Server) frontendRefused(call *Call, id string) *Answer {
	balancer := s.referred(parent(id))
	known := balancer != nil && resourceType(balancer.id) == balancerType && textIn(balancer.body, "location") == call.text("location") &&
		slices.ContainsFunc(list(objectIn(balancer.body, "properties"), "frontendIPConfigurations"), func(frontend Object) bool { return same(textIn(frontend, "id"), id) })
	switch {
	case !known:
		return call.unreferred(id)
	case textIn(balancer.body, "sku", "name") != "Standard":
		return refuse(http.StatusBadRequest, "PrivateLinkServiceRequiresStandardLoadBalancer", "The load balancer %s is not of the SKU Standard.", balancer.id)
	}
	return s.linked(call, call.id(), balancerType+"/frontendIPConfigurations/join/action", balancer.id)
}

// service is what is told of one, with its connections as they are now.
func (s *Server) service(found *Resource) Object {
	connections := []any{}
	for _, link := range found.links {
		connections = append(connections, link.connection())
	}
	objectIn(found.body, "properties")["privateEndpointConnections"] = connections
	return found.body
}

func (s *Server) getService(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	body := copied(s.service(found))
	s.look(found)
	return answer(http.StatusOK, body)
}

func (s *Server) listServices(call *Call) *Answer {
	for _, found := range call.subscription.ofType(serviceType) {
		s.service(found)
	}
	return s.list(call)
}

func (s *Server) deleteService(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	if len(found.links) > 0 {
		return refuse(http.StatusBadRequest, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted",
			"Private link service %s cannot be deleted since it has %d private endpoint connections.", found.id, len(found.links))
	}
	if refused := s.busy(call, subnetOf(found)); refused != nil {
		return refused
	}
	return call.deleting(found, nil)
}

// connectionOf finds the connection that the call names.
func (c *Call) connectionOf() *link {
	found := c.subscription.get(parent(c.id()))
	if found == nil {
		return nil
	}
	at := slices.IndexFunc(found.links, func(link *link) bool { return same(link.name, c.parameters["peConnectionName"]) })
	if at < 0 {
		return nil
	}
	return found.links[at]
}

func (s *Server) getConnection(call *Call) *Answer {
	if link := call.connectionOf(); link != nil {
		return answer(http.StatusOK, link.connection())
	}
	return call.notFound()
}

// answerConnection lets somebody in, or keeps him out, however he was answered before.
func (s *Server) answerConnection(call *Call) *Answer {
	link := call.connectionOf()
	if link == nil {
		return call.notFound()
	}
	asked := objectIn(call.properties(), "privateLinkServiceConnectionState")
	status := textIn(asked, "status")
	if status != approvedLink && status != rejectedLink {
		return refuse(http.StatusBadRequest, "InvalidPrivateEndpointConnectionStatus", "A connection is Approved or Rejected, not '%s'.", status)
	}
	link.status, link.description = status, textIn(asked, "description")
	return answer(http.StatusOK, link.connection())
}

func (s *Server) deleteConnection(call *Call) *Answer {
	link := call.connectionOf()
	if link == nil {
		return answer(http.StatusNoContent, nil)
	}
	url := call.begin("operationresults", link.target, link.cut, nil)
	return answer(http.StatusAccepted, nil).with("Location", url).with("Retry-After", "0")
}

// byAlias finds a Private Link service of any subscription.
func (s *Server) byAlias(alias string) *Resource {
	for _, sub := range s.subscriptions {
		for _, found := range sub.ofType(serviceType) {
			if same(textIn(found.body, "properties", "alias"), alias) {
				return found
			}
		}
	}
	return nil
}

// lists says whether a list of subscriptions has one.
func (r *Resource) lists(name string, sub *Subscription) bool {
	return slices.ContainsFunc(texts(objectIn(r.body, "properties", name), "subscriptions"), func(id string) bool { return id == "*" || same(id, sub.id) })
}

func isAlias(id string) bool { return strings.HasSuffix(strings.ToLower(id), aliasEnd) }
