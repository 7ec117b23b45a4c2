package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const network = "?api-version=2024-05-01"

// beside is another subscription of the same directory, with its own owner.
func (w *world) beside() *world {
	other := &world{T: w.T, server: w.server, http: w.http, id: identifier()}
	other.token = "owner." + other.id
	w.Cleanup(func() {
		for _, violation := range w.server.subscriptionOf(other.id).violations {
			w.Errorf("violation: %s", violation)
		}
	})
	other.must(http.StatusCreated, "PUT", other.group()+"?api-version=2021-04-01", `{"location":"westeurope"}`)
	return other
}

func (w *world) networked(kind, name string) string {
	return w.group() + "/providers/Microsoft.Network/" + kind + "/" + name
}

// network makes what stands around both sides: subnets, and a load balancer with a frontend.
func (w *world) network() {
	w.Helper()
	w.must(201, "PUT", w.networked("virtualNetworks", "net")+network, `{"location":"westeurope","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[
		{"name":"link","properties":{"addressPrefix":"10.0.1.0/24","privateLinkServiceNetworkPolicies":"Disabled"}},{"name":"own","properties":{"addressPrefix":"10.0.2.0/29"}}]}}`)
	w.must(201, "PUT", w.networked("loadBalancers", "lb")+network, `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"frontendIPConfigurations":[
		{"name":"api","properties":{"subnet":{"id":"`+w.subnet("link")+`"}}}]}}`)
}

func (w *world) subnet(name string) string {
	return w.networked("virtualNetworks", "net") + "/subnets/" + name
}

func (w *world) serviceBody(subnet string, visible, approved []string) string {
	listed := func(ids []string) string {
		text, _ := json.Marshal(Object{"subscriptions": append([]string{}, ids...)})
		return string(text)
	}
	return fmt.Sprintf(`{"location":"westeurope","properties":{"loadBalancerFrontendIpConfigurations":[{"id":"%s/frontendIPConfigurations/api"}],"ipConfigurations":[{"name":"default","properties":{"subnet":{"id":%q},"primary":true}}],
		"visibility":%s,"autoApproval":%s,"fqdns":["api.example.com"]}}`, w.networked("loadBalancers", "lb"), w.subnet(subnet), listed(visible), listed(approved))
}

func (w *world) endpointBody(list, target, groups string) string {
	return fmt.Sprintf(`{"location":"westeurope","properties":{"subnet":{"id":%q},%q:[{"name":"one","properties":{"privateLinkServiceId":%q,"groupIds":[%s],"requestMessage":"please"}}]}}`,
		w.subnet("own"), list, target, groups)
}

func (w *world) endpointState(name string) string {
	w.Helper()
	found := w.must(200, "GET", w.networked("privateEndpoints", name)+network, "")
	asked, _, _ := askedFor(objectIn(found, "properties"))
	return textIn(asked, "properties", "privateLinkServiceConnectionState", "status")
}

const (
	automatic = "privateLinkServiceConnections"
	byHand    = "manualPrivateLinkServiceConnections"
)

func TestAConnectionIsSeenFromBothSides(t *testing.T) {
	owner := newWorld(t)
	consumer := owner.beside()
	owner.network()
	consumer.network()
	service := owner.networked("privateLinkServices", "api")
	made := owner.made(service+network, owner.serviceBody("link", []string{consumer.id}, nil))
	endpoint := consumer.networked("privateEndpoints", "one")
	consumer.made(endpoint+network, consumer.endpointBody(byHand, service, ""))
	if state := consumer.endpointState("one"); state != pendingLink {
		t.Fatal(state)
	}
	connections := list(objectIn(owner.must(200, "GET", service+network, ""), "properties"), "privateEndpointConnections")
	if len(connections) != 1 || textIn(connections[0], "properties", "privateEndpoint", "id") != endpoint || textIn(connections[0], "properties", "privateLinkServiceConnectionState", "description") != "please" {
		t.Fatal(connections)
	}
	connection := textIn(connections[0], "id")
	for _, status := range []string{approvedLink, rejectedLink, approvedLink} {
		owner.must(200, "PUT", connection+network, `{"properties":{"privateLinkServiceConnectionState":{"status":"`+status+`","description":"so"}}}`)
		if state := consumer.endpointState("one"); state != status {
			t.Fatal(state)
		}
	}
	owner.refused(400, "InvalidPrivateEndpointConnectionStatus", "PUT", connection+network, `{"properties":{"privateLinkServiceConnectionState":{"status":"Fine"}}}`)
	owner.refused(400, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", "DELETE", service+network, "")
	owner.deleted(connection + network)
	if state := consumer.endpointState("one"); state != disconnectedLink {
		t.Fatal(state)
	}
	owner.deleted(service + network)
	alias := textIn(made, "properties", "alias")
	consumer.refused(400, "InvalidPrivateLinkServiceId", "PUT", consumer.networked("privateEndpoints", "two")+network, consumer.endpointBody(byHand, alias, ""))
	consumer.deleted(endpoint + network)
	if left := consumer.server.subscriptionOf(consumer.id).ofType(interfaceType); len(left) > 0 {
		t.Fatal(left)
	}
}

// deleted DELETEs and waits.
func (w *world) deleted(path string) {
	w.Helper()
	response, object := w.do("DELETE", path, "")
	for response != nil && response.StatusCode == http.StatusAccepted {
		response, object = w.do("GET", response.Header.Get("Location"), "")
	}
	if response == nil || response.StatusCode != http.StatusOK {
		w.Fatal(response, object)
	}
	w.must(http.StatusNoContent, "DELETE", path, "")
}

func TestAskingAboutAnOperationTakesARight(t *testing.T) {
	w := newWorld(t)
	w.network()
	service := w.networked("privateLinkServices", "api")
	w.made(service+network, w.serviceBody("link", nil, nil))
	role := `{"name":"narrow","actions":["Microsoft.Network/privateLinkServices/delete"%s]}`
	w.administer("POST", "callers", fmt.Sprintf(role, ""))
	w.as("caller.narrow."+w.id, func() {
		response, _ := w.do("DELETE", service+network, "")
		w.refused(403, "AuthorizationFailed", "GET", response.Header.Get("Location"), "")
		w.administer("POST", "callers", fmt.Sprintf(role, `,"Microsoft.Network/locations/operationResults/read"`))
		w.must(202, "GET", response.Header.Get("Location"), "")
	})
}

func TestWhoMayAskIsListed(t *testing.T) {
	owner := newWorld(t)
	consumer := owner.beside()
	owner.network()
	consumer.network()
	service := owner.networked("privateLinkServices", "api")
	owner.made(service+network, owner.serviceBody("link", []string{identifier()}, nil))
	one := consumer.networked("privateEndpoints", "one") + network
	consumer.refused(400, "InvalidPrivateLinkServiceId", "PUT", one, consumer.endpointBody(byHand, service, ""))
	owner.refused(400, "AutoApprovalSubscriptionsNotSubsetOfVisibilitySubscriptions", "PUT", service+network, owner.serviceBody("link", []string{identifier()}, []string{consumer.id}))
	made := owner.made(service+network, owner.serviceBody("link", []string{consumer.id}, []string{consumer.id}))
	// To be let in without asking, somebody has to be allowed to at the service.
	consumer.refused(403, "LinkedAuthorizationFailed", "PUT", one, consumer.endpointBody(automatic, service, ""))
	consumer.refused(400, "InvalidPrivateLinkServiceId", "PUT", one, consumer.endpointBody(automatic, textIn(made, "properties", "alias"), ""))
	consumer.refused(400, "PrivateLinkServiceDoesNotSupportGroupIds", "PUT", one, consumer.endpointBody(byHand, service, `"blob"`))
	consumer.made(one, consumer.endpointBody(byHand, textIn(made, "properties", "alias"), ""))
	if state := consumer.endpointState("one"); state != approvedLink {
		t.Fatal(state)
	}
	owner.made(owner.networked("privateEndpoints", "own")+network, owner.endpointBody(automatic, service, ""))
	if state := owner.endpointState("own"); state != approvedLink {
		t.Fatal(state)
	}
}

func TestWhatAServiceNeeds(t *testing.T) {
	w := newWorld(t)
	w.network()
	service := w.networked("privateLinkServices", "api") + network
	w.refused(400, "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled", "PUT", service, w.serviceBody("own", nil, nil))
	w.refused(400, "InvalidResourceReference", "PUT", service, w.serviceBody("none", nil, nil))
	w.refused(400, "InvalidResourceReference", "PUT", service, strings.Replace(w.serviceBody("link", nil, nil), "frontendIPConfigurations/api", "frontendIPConfigurations/none", 1))
	w.made(service, w.serviceBody("link", nil, nil))
	w.refused(400, "LoadBalancerUsedByPrivateLinkServiceCannotBeDeleted", "DELETE", w.networked("loadBalancers", "lb")+network, "")
	w.refused(400, "InUseSubnetCannotBeDeleted", "DELETE", w.networked("virtualNetworks", "net")+network, "")
	w.deleted(service)
	w.deleted(w.networked("loadBalancers", "lb") + network)
	w.deleted(w.networked("virtualNetworks", "net") + network)
}

func TestNamesAreWrittenIntoZones(t *testing.T) {
	w := newWorld(t)
	w.network()
	account := w.account("standinlinked")
	endpoint := w.networked("privateEndpoints", "blob")
	w.refused(400, "InvalidPrivateEndpointGroupIds", "PUT", endpoint+network, w.endpointBody(automatic, account, ""))
	w.refused(400, "InvalidPrivateEndpointGroupIds", "PUT", endpoint+network, w.endpointBody(automatic, account, `"vault"`))
	made := w.made(endpoint+network, w.endpointBody(automatic, account, `"blob"`))
	names := list(objectIn(made, "properties"), "customDnsConfigs")
	if len(names) != 1 || textIn(names[0], "fqdn") != "standinlinked.blob.core.windows.net" || !slices.Equal(texts(names[0], "ipAddresses"), []string{"10.0.2.4"}) {
		t.Fatal(names)
	}
	zone := w.networked("privateDnsZones", "privatelink.blob.core.windows.net")
	group := endpoint + "/privateDnsZoneGroups/default" + network
	of := func(zones ...string) string {
		var all []string
		for i, zone := range zones {
			all = append(all, fmt.Sprintf(`{"name":"z%d","properties":{"privateDnsZoneId":%q}}`, i, zone))
		}
		return `{"properties":{"privateDnsZoneConfigs":[` + strings.Join(all, ",") + `]}}`
	}
	w.refused(400, "InvalidResourceReference", "PUT", group, of(zone))
	other := w.networked("privateDnsZones", "privatelink.dfs.core.windows.net")
	for _, zone := range []string{zone, other} {
		w.must(201, "PUT", zone+"?api-version=2024-06-01", `{"location":"global"}`)
	}
	w.refused(400, "InvalidPrivateDnsZoneConfigs", "PUT", group, of(zone, zone))
	w.refused(400, "InvalidPrivateDnsZoneConfigs", "PUT", group, of())
	w.made(group, of(zone))
	w.refused(409, "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed", "PUT", strings.Replace(group, "/default", "/other", 1), of(other))
	w.refused(400, "PrivateDnsZoneGroupCannotBeChanged", "PUT", group, of(other))
	records := func() []Object { return list(w.must(200, "GET", zone+"/ALL?api-version=2024-06-01", ""), "value") }
	if found := records(); len(found) != 1 || textIn(found[0], "name") != "standinlinked" {
		t.Fatal(found)
	}
	found := w.must(200, "GET", endpoint+network, "")
	if names := list(objectIn(found, "properties"), "customDnsConfigs"); len(names) > 0 {
		t.Fatal(names)
	}
	w.deleted(group)
	if found := records(); len(found) > 0 {
		t.Fatal(found)
	}
	w.made(group, of(other))
	w.deleted(endpoint + network)
	w.must(404, "GET", group, "")
}

func TestOneWriteInANetworkAtATime(t *testing.T) {
	w := newWorld(t)
	w.network()
	account := w.account("standinbusy")
	put := func(status int, name string) Object {
		t.Helper()
		return w.must(status, "PUT", w.networked("privateEndpoints", name)+network, w.endpointBody(automatic, account, `"dfs"`))
	}
	put(201, "one")
	if said := put(429, "two"); textIn(said, "error", "code") != "AnotherOperationInProgress" {
		t.Fatal(said)
	}
	// The refusal has looked, and found it done.
	put(201, "two")
}

func TestOfALargePackageAPartIsKept(t *testing.T) {
	services, err := describeAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(services, func(service *Service) bool { return service.Package == "armnetwork" })
	network := services[at]
	for _, dropped := range []string{"VPNGateway", "FirewallPolicy"} {
		if network.Models[dropped] != nil {
			t.Errorf("%s is reached by nothing of ours", dropped)
		}
	}
	for _, kept := range []string{"PrivateEndpoint", "PrivateLinkServiceConnectionState", "RecordSet", "Subnet"} {
		if network.Models[kept] == nil {
			t.Errorf("%s is missing", kept)
		}
	}
	if len(network.Operations) > 40 || network.Enums["ProvisioningState"] == nil {
		t.Errorf("%d operations, %v", len(network.Operations), network.Enums["ProvisioningState"])
	}
}
