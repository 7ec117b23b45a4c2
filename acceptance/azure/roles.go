package main

import (
	"regexp"
	"strings"
)

// RoleDefinition says what a role lets do. Custom ones belong to a subscription.
type RoleDefinition struct {
	ID             string
	Name           string
	Custom         bool
	Actions        []string
	NotActions     []string
	DataActions    []string
	NotDataActions []string
	Scopes         []string
	Description    string
	// unknown is how often role assignments do not find it yet.
	unknown int
	// ofTest is what a test lets somebody do: no list has it.
	ofTest bool
}

// What the owner of a subscription has here: control as in Azure, and data, which an owner there gives to himself.
var ownerRoles = []string{"Owner", "Key Vault Secrets Officer", "Storage Blob Data Owner", "Azure Kubernetes Service RBAC Cluster Admin"}

const (
	blobs   = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
	secrets = "Microsoft.KeyVault/vaults/secrets/"
)

// builtIn are roles as Azure publishes them, by the ids that are the same everywhere.
var builtIn = []*RoleDefinition{
	{ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner", Actions: []string{"*"}},
	{ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor", Actions: []string{"*"}, NotActions: []string{
		"Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action",
	}},
	{ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader", Actions: []string{"*/read"}},
	{ID: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", Name: "User Access Administrator", Actions: []string{"*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"}},
	{ID: "f58310d9-a9f6-439a-9e8d-f62e7b41a168", Name: "Role Based Access Control Administrator", Actions: []string{
		"Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*",
	}},
	{ID: "ba92f5b4-2d11-453d-a403-e96b0029c9fe", Name: "Storage Blob Data Contributor", Actions: []string{
		"Microsoft.Storage/storageAccounts/blobServices/containers/delete", "Microsoft.Storage/storageAccounts/blobServices/containers/read",
		"Microsoft.Storage/storageAccounts/blobServices/containers/write", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
	}, DataActions: []string{blobs + "delete", blobs + "read", blobs + "write", blobs + "move/action", blobs + "add/action"}},
	{ID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", Name: "Storage Blob Data Reader", Actions: []string{
		"Microsoft.Storage/storageAccounts/blobServices/containers/read", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
	}, DataActions: []string{blobs + "read"}},
	{ID: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", Name: "Storage Blob Data Owner", Actions: []string{
		"Microsoft.Storage/storageAccounts/blobServices/containers/*", "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
	}, DataActions: []string{blobs + "*"}},
	{ID: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a", Name: "Storage Blob Delegator", Actions: []string{"Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"}},
	{ID: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", Name: "Key Vault Secrets Officer", Actions: []string{
		"Microsoft.Authorization/*/read", "Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/locations/*/read",
		"Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/operations/read",
	}, DataActions: []string{secrets + "*"}},
	{ID: "4633458b-17de-408a-b874-0445c86b69e6", Name: "Key Vault Secrets User", DataActions: []string{secrets + "getSecret/action", secrets + "readMetadata/action"}},
	{ID: "e147488a-f6f5-4113-8e2d-b22465e65bf6", Name: "Key Vault Crypto Service Encryption User", Actions: []string{
		"Microsoft.EventGrid/eventSubscriptions/write", "Microsoft.EventGrid/eventSubscriptions/read", "Microsoft.EventGrid/eventSubscriptions/delete",
	}, DataActions: []string{"Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/wrap/action", "Microsoft.KeyVault/vaults/keys/unwrap/action"}},
	{ID: "7f951dda-4ed3-4680-a7ca-43fe172d538d", Name: "AcrPull", Actions: []string{"Microsoft.ContainerRegistry/registries/pull/read"}},
	{ID: "8311e382-0749-4cb8-b61a-304f252e45ec", Name: "AcrPush", Actions: []string{"Microsoft.ContainerRegistry/registries/pull/read", "Microsoft.ContainerRegistry/registries/push/write"}},
	{ID: "73c42c96-874c-492b-b04d-ab87d138a893", Name: "Log Analytics Reader", Actions: []string{
		"*/read", "Microsoft.OperationalInsights/workspaces/analytics/query/action", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*",
	}, NotActions: []string{"Microsoft.OperationalInsights/workspaces/sharedKeys/read"}},
	{ID: "3913510d-42f4-4e42-8a64-420c390055eb", Name: "Monitoring Metrics Publisher", DataActions: []string{"Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"}},
	{ID: "f1a07417-d97a-45cb-824c-7a7467783830", Name: "Managed Identity Operator", Actions: []string{
		"Microsoft.ManagedIdentity/userAssignedIdentities/*/read", "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
	}},
	{ID: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", Name: "Azure Kubernetes Service RBAC Cluster Admin", Actions: []string{
		"Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
	}, DataActions: []string{"Microsoft.ContainerService/managedClusters/*"}},
	{ID: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f", Name: "Azure Kubernetes Service Cluster User Role", Actions: []string{
		"Microsoft.ContainerService/managedClusters/listClusterUserCredential/action", "Microsoft.ContainerService/managedClusters/read",
	}},
}

var guid = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func isGUID(text string) bool { return guid.MatchString(text) }

// roleID is the id of a built-in role by its name.
func roleID(name string) string {
	for _, role := range builtIn {
		if role.Name == name {
			return role.ID
		}
	}
	return ""
}

func definitionID(scope, id string) string {
	return scope + "/providers/Microsoft.Authorization/roleDefinitions/" + id
}

// definition finds a role by the id of its definition, which may begin with any scope.
func (sub *Subscription) definition(id string) *RoleDefinition {
	_, path, ok := lastProvider(id)
	name, isRole := strings.CutPrefix(strings.ToLower(path), "microsoft.authorization/roledefinitions/")
	if !ok || !isRole {
		return nil
	}
	for _, role := range builtIn {
		if role.ID == name {
			return role
		}
	}
	return sub.definitions[name]
}

// lets says whether the role has an action.
func (r *RoleDefinition) lets(action string, data bool) bool {
	if data {
		return matches(r.DataActions, action) && !matches(r.NotDataActions, action)
	}
	return matches(r.Actions, action) && !matches(r.NotActions, action)
}

// matches compares without letter case; a star stands for anything.
func matches(patterns []string, action string) bool {
	for _, pattern := range patterns {
		parts := strings.Split(strings.ToLower(pattern), "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		if regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(strings.ToLower(action)) {
			return true
		}
	}
	return false
}

func (r *RoleDefinition) body(scope string) Object {
	kind := "BuiltInRole"
	scopes := []string{"/"}
	if r.Custom {
		kind, scopes = "CustomRole", r.Scopes
	}
	list := func(names []string) []string { return append([]string{}, names...) }
	return Object{
		"id": definitionID(scope, r.ID), "name": r.ID, "type": "Microsoft.Authorization/roleDefinitions",
		"properties": Object{"roleName": r.Name, "type": kind, "description": r.Description, "assignableScopes": scopes, "permissions": []any{Object{
			"actions": list(r.Actions), "notActions": list(r.NotActions), "dataActions": list(r.DataActions), "notDataActions": list(r.NotDataActions),
		}}},
	}
}
