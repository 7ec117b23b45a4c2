package main

import (
	"net/http"
	"slices"
	"strings"
)

// Microsoft.Network: private DNS zones, and the groups of them that the names of a private endpoint are written into.

const (
	zoneType      = "Microsoft.Network/privateDnsZones"
	zoneGroupType = endpointType + "/privateDnsZoneGroups"
)

func (s *Server) putZone(call *Call) *Answer {
	if !same(call.text("location"), "global") {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'. List of available regions for the resource type is 'global'.", call.text("location"), zoneType)
	}
	status, found := http.StatusOK, call.current()
	if found == nil {
		status, found = http.StatusCreated, call.store(Object{})
	}
	found.body["location"], found.body["tags"] = "global", orEmpty(call.body["tags"])
	found.body["properties"] = Object{"provisioningState": "Succeeded", "maxNumberOfRecordSets": 25000, "numberOfRecordSets": 1}
	return answer(status, found.body)
}

func (s *Server) deleteZone(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	s.remove(found)
	return answer(http.StatusOK, nil)
}

// listRecords gives what endpoints, of any subscription, have written into a zone.
func (s *Server) listRecords(call *Call) *Answer {
	zone := call.subscription.get(parent(call.id() + "/x"))
	if zone == nil {
		return call.notFound()
	}
	records := []Object{}
	for _, sub := range s.subscriptions {
		for _, group := range sub.ofType(zoneGroupType) {
			for _, configuration := range list(objectIn(s.zoneGroup(group), "properties"), "privateDnsZoneConfigs") {
				if !same(textIn(configuration, "properties", "privateDnsZoneId"), zone.id) {
					continue
				}
				for _, record := range list(objectIn(configuration, "properties"), "recordSets") {
					addresses := []any{}
					for _, address := range texts(record, "ipAddresses") {
						addresses = append(addresses, Object{"ipv4Address": address})
					}
					name := textIn(record, "recordSetName")
					records = append(records, Object{"id": zone.id + "/A/" + name, "name": name, "type": zoneType + "/A", "properties": Object{
						"fqdn": textIn(record, "fqdn") + ".", "ttl": 10, "isAutoRegistered": false, "aRecords": addresses,
					}})
				}
			}
		}
	}
	return call.page(records)
}

// endpointOf is the endpoint that a zone group belongs to.
func (s *Server) endpointOf(group string) *Resource { return s.referred(parent(group)) }

func (s *Server) putZoneGroup(call *Call) *Answer {
	endpoint := s.endpointOf(call.id())
	if endpoint == nil {
		return refuse(http.StatusNotFound, "ParentResourceNotFound", "Failed to perform '%s' on resource(s) of type '%s', because the parent resource '%s' could not be found.", "write", zoneGroupType, parent(call.id()))
	}
	found := call.current()
	if others := call.subscription.under(endpoint.id + "/privateDnsZoneGroups"); found == nil && len(others) > 0 {
		return refuse(http.StatusConflict, "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed", "Cannot create more than one private dns zone groups on private endpoint %s: it has %s.", endpoint.id, others[0].id)
	}
	configurations, named := []any{}, map[string]bool{}
	for _, asked := range list(call.properties(), "privateDnsZoneConfigs") {
		id := textIn(asked, "properties", "privateDnsZoneId")
		zone := s.referred(id)
		if zone == nil || !same(resourceType(zone.id), zoneType) {
			return call.unreferred(id)
		}
		if refused := s.linked(call, call.id(), zoneType+"/join/action", zone.id); refused != nil {
			return refused
		}
		if name := strings.ToLower(textIn(zone.body, "name")); named[name] || named[textIn(asked, "name")] {
			return refuse(http.StatusBadRequest, "InvalidPrivateDnsZoneConfigs", "The private dns zone group has two configurations of %s.", name)
		} else {
			named[name], named[textIn(asked, "name")] = true, true
		}
		configurations = append(configurations, Object{"name": textIn(asked, "name"), "properties": Object{"privateDnsZoneId": id}})
	}
	if len(configurations) == 0 {
		return refuse(http.StatusBadRequest, "InvalidPrivateDnsZoneConfigs", "The private dns zone group has no configuration.")
	}
	if found != nil && !slices.Equal(zonesOf(found.body), zonesOf(Object{"properties": Object{"privateDnsZoneConfigs": configurations}})) {
		return refuse(http.StatusBadRequest, "PrivateDnsZoneGroupCannotBeChanged", "The zones of the private dns zone group %s cannot be changed.", found.id)
	}
	if refused := s.busy(call, subnetOf(endpoint)); refused != nil {
		return refused
	}
	status := http.StatusOK
	if found == nil {
		status, found = http.StatusCreated, call.store(Object{})
	}
	found.body["properties"] = Object{"provisioningState": "Updating", "privateDnsZoneConfigs": configurations}
	url := call.begin("operations", found, func() { found.setState("Succeeded") }, nil)
	return answer(status, copied(s.zoneGroup(found))).with("Azure-AsyncOperation", url)
}

func zonesOf(group Object) []string {
	var zones []string
	for _, configuration := range list(objectIn(group, "properties"), "privateDnsZoneConfigs") {
		zones = append(zones, key(textIn(configuration, "properties", "privateDnsZoneId")))
	}
	slices.Sort(zones)
	return zones
}

// zoneGroup is what is told of one: of the endpoint's names, each that ends like a zone is a record there.
func (s *Server) zoneGroup(group *Resource) Object {
	for _, configuration := range list(objectIn(group.body, "properties"), "privateDnsZoneConfigs") {
		inner := objectIn(configuration, "properties")
		zone := textIn(inner, "privateDnsZoneId")
		zone = zone[strings.LastIndex(zone, "/")+1:]
		records := []any{}
		for _, pair := range s.namedAddresses(s.endpointOf(group.id)) {
			if name, ok := strings.CutSuffix(pair[0], "."+strings.TrimPrefix(zone, "privatelink.")); ok {
				records = append(records, Object{
					"recordType": "A", "recordSetName": name, "fqdn": name + "." + zone, "ttl": 10, "ipAddresses": []any{pair[1]}, "provisioningState": "Succeeded",
				})
			}
		}
		inner["recordSets"] = records
	}
	body := copied(group.body)
	delete(body, "type") // the description has none
	return body
}

func (s *Server) getZoneGroup(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return call.notFound()
	}
	body := s.zoneGroup(found)
	s.look(found)
	return answer(http.StatusOK, body)
}

func (s *Server) listZoneGroups(call *Call) *Answer {
	if s.endpointOf(call.id()+"/x") == nil {
		return refuse(http.StatusNotFound, "ParentResourceNotFound", "The parent resource '%s' could not be found.", parent(call.id()+"/x"))
	}
	groups := []Object{}
	for _, found := range call.subscription.under(call.id()) {
		groups = append(groups, s.zoneGroup(found))
		s.look(found)
	}
	return call.page(groups)
}

func (s *Server) deleteZoneGroup(call *Call) *Answer {
	found := call.current()
	if found == nil {
		return answer(http.StatusNoContent, nil)
	}
	return call.deleting(found, nil)
}
