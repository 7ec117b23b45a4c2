package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// list answers the blobs of a container in the order of their names.
func (r *blobRequest) list() *Answer {
	include := strings.Split(r.query.Get("include"), ",")
	for _, one := range include {
		if !slices.Contains([]string{"", "versions", "snapshots", "metadata", "deleted", "deletedwithversions", "tags", "copy", "uncommittedblobs", "immutabilitypolicy", "legalhold", "permissions"}, one) {
			return refuseBlob(http.StatusBadRequest, "InvalidQueryParameterValue", "Value for one of the query parameters specified in the request URI is invalid: include.")
		}
	}
	if slices.Contains(include, "versions") && boolIn(r.account.body, "properties", "isHnsEnabled") {
		return refuseBlob(http.StatusConflict, "FeatureNotSupportedForHierarchicalNamespaceAccount", "Blob versions are not supported for accounts with a hierarchical namespace.")
	}
	var entries []string
	seen := map[string]bool{}
	names := []string{}
	for name := range r.container.blobs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, r.query.Get("prefix"))
		if !ok {
			continue
		}
		if delimiter := r.query.Get("delimiter"); delimiter != "" {
			if first, _, deeper := strings.Cut(rest, delimiter); deeper {
				whole := r.query.Get("prefix") + first + delimiter
				if !seen[whole] {
					entries = append(entries, "<BlobPrefix><Name>"+escaped(whole)+"</Name></BlobPrefix>")
				}
				seen[whole] = true
				continue
			}
		}
		entries = append(entries, r.entries(r.container.blobs[name], include)...)
	}
	return r.pageOf(entries)
}

func (r *blobRequest) pageOf(entries []string) *Answer {
	from, _ := strconv.Atoi(r.query.Get("marker"))
	size, err := strconv.Atoi(r.query.Get("maxresults"))
	if err != nil || size > 5000 {
		size = 5000
	}
	size = min(size, r.subscription.settings.PageSize)
	from = min(max(from, 0), len(entries))
	until := min(from+max(size, 1), len(entries))
	next := "<NextMarker />"
	if until < len(entries) {
		next = fmt.Sprintf("<NextMarker>%d</NextMarker>", until)
	}
	return document("<Blobs>" + strings.Join(entries[from:until], "") + "</Blobs>" + next)
}

// entries are the versions, snapshots and the current state of one blob.
func (r *blobRequest) entries(found *blob, include []string) []string {
	versioned := r.setting("isVersioningEnabled") || len(found.versions) > 0
	entry := func(version *blobVersion, marks string) string {
		kind := ""
		if found.directory {
			kind = "<ResourceType>directory</ResourceType>"
		}
		return fmt.Sprintf("<Blob><Name>%s</Name>%s<Properties>%s<Etag>%s</Etag><Last-Modified>%s</Last-Modified><Content-Length>%d</Content-Length><BlobType>BlockBlob</BlobType><LeaseStatus>%s</LeaseStatus></Properties><OrMetadata /></Blob>",
			escaped(found.name), marks, kind, escaped(strings.Trim(version.etag, `"`)), version.written, len(version.content), map[bool]string{true: "locked", false: "unlocked"}[found.lease.held()])
	}
	var all []string
	if slices.Contains(include, "snapshots") {
		for _, snapshot := range found.snapshots {
			all = append(all, entry(snapshot, "<Snapshot>"+snapshot.id+"</Snapshot>"))
		}
	}
	if slices.Contains(include, "versions") {
		for _, version := range found.versions {
			all = append(all, entry(version, "<VersionId>"+version.id+"</VersionId>"))
		}
	}
	if found.current != nil {
		marks := ""
		if versioned && slices.Contains(include, "versions") {
			marks = "<VersionId>" + found.current.id + "</VersionId><IsCurrentVersion>true</IsCurrentVersion>"
		}
		all = append(all, entry(found.current, marks))
	}
	return all
}
