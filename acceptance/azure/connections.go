package main

import "slices"

// link is a connection between a private endpoint and what it leads to. Both sides tell of it.
type link struct {
	name        string
	endpoint    *Resource
	target      *Resource // nil once its owner ended it
	manual      bool
	status      string
	description string
}

// The words for how a connection stands.
const (
	pendingLink      = "Pending"
	approvedLink     = "Approved"
	rejectedLink     = "Rejected"
	disconnectedLink = "Disconnected"
)

// state is what both sides say of it.
func (l *link) state() Object {
	return Object{"status": l.status, "description": l.description, "actionsRequired": "None"}
}

// cut ends it on the side of its owner: the endpoint stays, and leads nowhere.
func (l *link) cut() {
	if l.target == nil {
		return
	}
	l.target.links = slices.DeleteFunc(l.target.links, func(other *link) bool { return other == l })
	l.target, l.status, l.description = nil, disconnectedLink, "The owner removed the connection."
}

// unlink ends the connections of what goes away, and takes the network interface of an endpoint along.
func (r *Resource) unlink() {
	for _, link := range slices.Clone(r.links) {
		link.cut()
	}
	if r.link == nil {
		return
	}
	r.link.cut()
	for _, plugged := range list(objectIn(r.body, "properties"), "networkInterfaces") {
		delete(r.subscription.resources, key(textIn(plugged, "id")))
	}
}

// connection is how the owner of a private service sees it.
func (l *link) connection() Object {
	return Object{
		"id": l.target.id + "/privateEndpointConnections/" + l.name, "name": l.name, "type": resourceType(l.target.id) + "/privateEndpointConnections",
		"properties": Object{
			"privateEndpoint": Object{"id": l.endpoint.id}, "privateEndpointLocation": textIn(l.endpoint.body, "location"),
			"privateLinkServiceConnectionState": l.state(), "provisioningState": "Succeeded",
		},
	}
}
