package main

import (
	"net/http"
	"time"
)

// lease keeps others from changing a container or a blob.
type lease struct {
	id      string
	expires time.Time // zero for one that does not end by itself
}

type leaseRefusal struct {
	status        int
	code, message string
}

func (l *lease) held() bool {
	return l.id != "" && (l.expires.IsZero() || time.Now().Before(l.expires))
}

func (l *lease) duration() string {
	if l.expires.IsZero() {
		return "Infinite"
	}
	return "Fixed"
}

// act does one of acquire, renew, change, release and break; it answers the id that holds afterwards.
func (l *lease) act(action, id, proposed string, seconds int) (string, *leaseRefusal) {
	if action == "acquire" {
		if l.held() && l.id != proposed {
			return "", &leaseRefusal{http.StatusConflict, "LeaseAlreadyPresent", "There is already a lease present."}
		}
		if seconds != -1 && (seconds < 15 || seconds > 60) {
			return "", &leaseRefusal{http.StatusBadRequest, "InvalidHeaderValue", "A lease lasts 15 to 60 seconds, or -1 for ever."}
		}
		if proposed == "" {
			proposed = identifier()
		}
		*l = lease{id: proposed}
		if seconds > 0 {
			l.expires = time.Now().Add(time.Duration(seconds) * time.Second)
		}
		return l.id, nil
	}
	if !l.held() {
		return "", &leaseRefusal{http.StatusConflict, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the resource."}
	}
	if action != "break" && l.id != id {
		return "", &leaseRefusal{http.StatusConflict, "LeaseIdMismatchWithLeaseOperation", "The lease ID specified did not match the lease ID for the resource."}
	}
	switch action {
	case "renew":
	case "change":
		l.id = proposed
	case "release", "break":
		*l = lease{}
	default:
		return "", &leaseRefusal{http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format."}
	}
	return l.id, nil
}

// against refuses a write that does not carry the lease.
func (l *lease) against(id string) *leaseRefusal {
	switch {
	case !l.held() && id != "":
		return &leaseRefusal{http.StatusPreconditionFailed, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the resource."}
	case !l.held() || l.id == id:
		return nil
	case id == "":
		return &leaseRefusal{http.StatusPreconditionFailed, "LeaseIdMissing", "There is currently a lease on the resource and no lease ID was specified in the request."}
	}
	return &leaseRefusal{http.StatusPreconditionFailed, "LeaseIdMismatchWithBlobOperation", "The lease ID specified did not match the lease ID for the resource."}
}
