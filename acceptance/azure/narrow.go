package main

import (
	"slices"
	"strings"
)

// parts are what is kept of packages that describe far more than a data plane needs: operations by their names, or all of a client
// whose name ends with a dot. Of the models, those that these reach are kept.
var parts = map[string][]string{
	"armnetwork": {
		"InterfacesClient.Get", "LoadBalancersClient.CreateOrUpdate", "LoadBalancersClient.Delete", "LoadBalancersClient.Get",
		"PrivateDNSZoneGroupsClient.", "PrivateEndpointsClient.", "PrivateLinkServicesClient.", "SubnetsClient.Get",
		"VirtualNetworksClient.CreateOrUpdate", "VirtualNetworksClient.Delete", "VirtualNetworksClient.Get",
	},
	"armprivatedns": {"PrivateZonesClient.", "RecordSetsClient.List"},
}

// narrow drops what is in no part.
func (service *Service) narrow(kept []string) {
	service.Operations = slices.DeleteFunc(service.Operations, func(operation *Operation) bool {
		return !slices.ContainsFunc(kept, func(name string) bool {
			return name == operation.Name || strings.HasSuffix(name, ".") && strings.HasPrefix(operation.Name, name)
		})
	})
	models, enums := map[string]map[string]Field{}, map[string][]string{}
	var reach func(kind string)
	reach = func(kind string) {
		for strings.HasPrefix(kind, "[]") || strings.HasPrefix(kind, "map:") {
			kind = strings.TrimPrefix(strings.TrimPrefix(kind, "[]"), "map:")
		}
		if values, ok := service.Enums[kind]; ok {
			enums[kind] = values
		}
		fields, known := service.Models[kind]
		if _, seen := models[kind]; seen || !known {
			return
		}
		models[kind] = fields
		for _, field := range fields {
			reach(field.Type)
		}
	}
	for _, operation := range service.Operations {
		reach(operation.Body)
		reach(operation.Response)
	}
	service.Models, service.Enums = models, enums
}
