package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// Microsoft.ContainerService: clusters, which tests bring along: they run elsewhere and are only described here.

const clusterType = "Microsoft.ContainerService/managedClusters"

// cluster is where a hosted cluster really is.
type cluster struct{ endpoint, authority string }

func (s *Server) hostCluster(call *Call) *Answer {
	var asked struct {
		ResourceGroup string `json:"resourceGroup"`
		Name          string `json:"name"`
		Location      string `json:"location"`
		Endpoint      string `json:"endpoint"`
		Authority     string `json:"authority"` // base64 of PEM
		Issuer        string `json:"issuer"`
		OwnUsers      bool   `json:"ownUsers"` // and not Entra's
	}
	return call.decoded(&asked, func() *Answer {
		sub := call.subscription
		group := sub.scope() + "/resourceGroups/" + asked.ResourceGroup
		if sub.get(group) == nil {
			sub.resources[key(group)] = &Resource{subscription: sub, id: group, body: Object{
				"id": group, "name": asked.ResourceGroup, "type": "Microsoft.Resources/resourceGroups", "location": asked.Location, "properties": Object{"provisioningState": "Succeeded"},
			}}
		}
		id := group + "/providers/" + clusterType + "/" + asked.Name
		sub.resources[key(id)] = &Resource{subscription: sub, id: id, cluster: &cluster{asked.Endpoint, asked.Authority}, body: Object{
			"id": id, "name": asked.Name, "type": clusterType, "location": asked.Location, "tags": Object{}, "sku": Object{"name": "Base", "tier": "Standard"},
			"properties": Object{
				"provisioningState": "Succeeded", "powerState": Object{"code": "Running"}, "kubernetesVersion": "1.36", "currentKubernetesVersion": "1.36.2",
				"dnsPrefix": asked.Name, "fqdn": strings.TrimPrefix(asked.Endpoint, "https://"), "enableRBAC": true, "disableLocalAccounts": true,
				"oidcIssuerProfile": Object{"enabled": true, "issuerURL": asked.Issuer},
				"networkProfile":    Object{"networkPlugin": "azure", "serviceCidr": "10.0.0.0/16", "serviceCidrs": []any{"10.0.0.0/16"}, "ipFamilies": []any{"IPv4"}},
				"agentPoolProfiles": []any{}, "securityProfile": Object{"workloadIdentity": Object{"enabled": true}},
			},
		}}
		if properties := objectIn(sub.resources[key(id)].body, "properties"); asked.OwnUsers {
			properties["disableLocalAccounts"] = false
		} else {
			properties["aadProfile"] = Object{"managed": true, "enableAzureRBAC": true, "tenantID": tenant}
		}
		return answer(http.StatusOK, Object{"id": id})
	})
}

// listClusterCredentials answers a kubeconfig that asks kubelogin for tokens, as clusters with Entra's users have it; for others, one
// with a client's key.
func (s *Server) listClusterCredentials(call *Call) *Answer {
	id := call.id()
	found := call.subscription.get(id[:strings.LastIndex(id, "/")])
	if found == nil {
		return call.notFound()
	}
	name := textIn(found.body, "name")
	user := Object{"exec": Object{
		"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin",
		"args": []any{"get-token", "--environment", "AzurePublicCloud", "--server-id", aksAudiences[0], "--tenant-id", tenant, "--login", "devicecode"},
	}}
	if in(found.body, "properties", "aadProfile") == nil {
		user = Object{"client-certificate-data": "bm90IG9uZQ==", "client-key-data": "bm90IG9uZQ==", "token": identifier()}
	}
	config := Object{
		"apiVersion": "v1", "kind": "Config", "current-context": name,
		"clusters": []any{Object{"name": name, "cluster": Object{"server": found.cluster.endpoint, "certificate-authority-data": found.cluster.authority}}},
		"contexts": []any{Object{"name": name, "context": Object{"cluster": name, "user": "clusterUser"}}},
		"users":    []any{Object{"name": "clusterUser", "user": user}},
	}
	text, err := json.Marshal(config)
	if err != nil {
		return refuse(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	return answer(http.StatusOK, Object{"kubeconfigs": []any{Object{"name": "clusterUser", "value": base64.StdEncoding.EncodeToString(text)}}})
}

// reviewToken answers an API server's question whose token it was shown. Who may do everything in a cluster by its role is an
// administrator there.
func (s *Server) reviewToken(call *Call) *Answer {
	var review struct {
		Spec struct {
			Token string `json:"token"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(call.raw, &review); err != nil {
		return refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	status := Object{"authenticated": false, "error": "the token is not one of Entra's for AKS"}
	if principal := s.whose(review.Spec.Token, aksAudiences); principal != nil {
		groups, known := []any{}, false
		for _, found := range principal.subscription.ofType(clusterType) {
			if in(found.body, "properties", "aadProfile") == nil {
				continue // it has users of its own
			}
			known = true
			if s.allowed(principal, clusterType+"/write", true, found.id, nil) {
				groups = []any{"system:masters"}
			}
		}
		if known {
			status = Object{"authenticated": true, "user": Object{"username": principal.id, "groups": groups}}
		}
	}
	return answer(http.StatusOK, Object{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
}
