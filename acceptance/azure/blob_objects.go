package main

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// blob is a name in a container with all that was written under it.
type blob struct {
	name      string
	current   *blobVersion
	versions  []*blobVersion // previous ones, where the account keeps them
	snapshots []*blobVersion
	blocks    map[string][]byte // uncommitted
	lease     lease
	directory bool
}

type blobVersion struct {
	id      string
	content []byte
	header  map[string]string
	etag    string
	written string
}

// stamp is a time that no other version has.
func (r *blobRequest) stamp() string {
	r.server.stamps++
	return now().Format("2006-01-02T15:04:05.") + fmt.Sprintf("%07dZ", r.server.stamps%10_000_000)
}

func (r *blobRequest) setting(path ...string) bool {
	service := r.subscription.get(r.account.id + "/blobServices/default")
	return service != nil && boolIn(service.body, append([]string{"properties"}, path...)...)
}

// write makes content current, and the one before a previous version.
func (r *blobRequest) write(content []byte) *Answer {
	found := r.container.blobs[r.path]
	if found == nil {
		found = &blob{name: r.path, blocks: map[string][]byte{}}
	}
	if refused := found.lease.against(r.http.Header.Get("x-ms-lease-id")); refused != nil {
		return refuseBlob(refused.status, refused.code, refused.message)
	}
	if match := r.http.Header.Get("If-None-Match"); match == "*" && found.current != nil {
		return refuseBlob(http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists.")
	}
	if match := r.http.Header.Get("If-Match"); match != "" && match != "*" && (found.current == nil || found.current.etag != match) {
		return refuseBlob(http.StatusPreconditionFailed, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.")
	}
	made := &blobVersion{id: r.stamp(), content: content, etag: etag(), written: now().Format(http.TimeFormat), header: map[string]string{}}
	for name := range r.http.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-ms-meta-") || lower == "x-ms-blob-content-type" {
			made.header[lower] = r.http.Header.Get(name)
		}
	}
	if found.current != nil && r.setting("isVersioningEnabled") {
		found.versions = append(found.versions, found.current)
	}
	found.current, found.blocks = made, map[string][]byte{}
	r.container.blobs[r.path] = found
	if boolIn(r.account.body, "properties", "isHnsEnabled") {
		r.container.directories(r.path, made)
	}
	done := answer(http.StatusCreated, nil).with("Etag", made.etag).with("Last-Modified", made.written).with("x-ms-request-server-encrypted", "true")
	if r.setting("isVersioningEnabled") {
		done.with("x-ms-version-id", made.id)
	}
	return done
}

// directories are made with what is in them in a hierarchical namespace.
func (c *blobContainer) directories(path string, like *blobVersion) {
	for at, letter := range path {
		name := path[:at]
		if letter == '/' && name != "" && c.blobs[name] == nil {
			c.blobs[name] = &blob{name: name, directory: true, current: &blobVersion{id: like.id, etag: etag(), written: like.written, header: map[string]string{"x-ms-meta-hdi_isfolder": "true"}}}
		}
	}
}

func (r *blobRequest) blob() *Answer {
	found := r.container.blobs[r.path]
	switch r.operation {
	case "put":
		if kind := r.http.Header.Get("x-ms-blob-type"); kind != "BlockBlob" {
			return refuseBlob(http.StatusBadRequest, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format: x-ms-blob-type.")
		}
		return r.write(r.raw)
	case "putBlock":
		if found == nil {
			found = &blob{name: r.path, blocks: map[string][]byte{}}
			r.container.blobs[r.path] = found
		}
		found.blocks[r.query.Get("blockid")] = r.raw
		return answer(http.StatusCreated, nil)
	case "putBlockList":
		return r.commit(found)
	}
	if found == nil || found.current == nil && len(found.versions)+len(found.snapshots) == 0 {
		return refuseBlob(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	}
	switch r.operation {
	case "get":
		return r.read(found)
	case "lease":
		return r.leased(&found.lease)
	case "snapshot":
		if found.current == nil {
			return refuseBlob(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
		}
		taken := *found.current
		taken.id = r.stamp()
		found.snapshots = append(found.snapshots, &taken)
		return answer(http.StatusCreated, nil).with("x-ms-snapshot", taken.id).with("Etag", taken.etag)
	}
	return r.delete(found)
}

func (r *blobRequest) commit(found *blob) *Answer {
	var list struct {
		Blocks []struct {
			XMLName xml.Name
			ID      string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(r.raw, &list); err != nil || found == nil && len(list.Blocks) > 0 {
		return refuseBlob(http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid.")
	}
	var content []byte
	for _, block := range list.Blocks {
		part, ok := found.blocks[block.ID]
		if _, err := base64.StdEncoding.DecodeString(block.ID); !ok || err != nil {
			return refuseBlob(http.StatusBadRequest, "InvalidBlockList", "The specified block list is invalid.")
		}
		content = append(content, part...)
	}
	return r.write(content)
}

// chosen is the version or snapshot that the query names, or the current one.
func (r *blobRequest) chosen(found *blob) *blobVersion {
	id, among := r.query.Get("snapshot"), found.snapshots
	if id == "" {
		id, among = r.query.Get("versionid"), append(slices.Clone(found.versions), found.current)
	}
	if id == "" {
		return found.current
	}
	for _, version := range among {
		if version != nil && version.id == id {
			return version
		}
	}
	return nil
}

func (r *blobRequest) read(found *blob) *Answer {
	version := r.chosen(found)
	if version == nil {
		return refuseBlob(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	}
	made := answer(http.StatusOK, nil)
	content := version.content
	if span := r.http.Header.Get("x-ms-range") + r.http.Header.Get("Range"); strings.HasPrefix(span, "bytes=") && r.http.Method == http.MethodGet {
		first, last, _ := strings.Cut(strings.TrimPrefix(span, "bytes="), "-")
		from, _ := strconv.Atoi(first)
		until, err := strconv.Atoi(last)
		if err != nil || until >= len(content) {
			until = len(content) - 1
		}
		if from >= len(content) {
			return refuseBlob(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range specified is invalid for the current size of the resource.")
		}
		made.Status = http.StatusPartialContent
		made.with("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, until, len(content)))
		content = content[from : until+1]
	}
	if r.http.Method == http.MethodGet {
		made.Body = content
	}
	kind := version.header["x-ms-blob-content-type"]
	if kind == "" {
		kind = "application/octet-stream"
	}
	made.with("Content-Type", kind).with("Content-Length", strconv.Itoa(len(content))).with("Etag", version.etag).with("Last-Modified", version.written).with("x-ms-blob-type", "BlockBlob")
	for name, value := range version.header {
		if name != "x-ms-blob-content-type" {
			made.with(name, value)
		}
	}
	return made
}

func (r *blobRequest) leased(lease *lease) *Answer {
	header := r.http.Header
	action := strings.ToLower(header.Get("x-ms-lease-action"))
	seconds, _ := strconv.Atoi(header.Get("x-ms-lease-duration"))
	id, refused := lease.act(action, header.Get("x-ms-lease-id"), header.Get("x-ms-proposed-lease-id"), seconds)
	if refused != nil {
		return refuseBlob(refused.status, refused.code, refused.message)
	}
	status := map[string]int{"acquire": http.StatusCreated, "break": http.StatusAccepted}[action]
	if status == 0 {
		status = http.StatusOK
	}
	made := answer(status, nil).with("Etag", etag()).with("Last-Modified", now().Format(http.TimeFormat))
	if id != "" {
		made.with("x-ms-lease-id", id)
	}
	return made
}

func (r *blobRequest) delete(found *blob) *Answer {
	if refused := found.lease.against(r.http.Header.Get("x-ms-lease-id")); refused != nil {
		return refuseBlob(refused.status, refused.code, refused.message)
	}
	version := r.chosen(found)
	if version == nil {
		return refuseBlob(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	}
	without := func(all []*blobVersion) []*blobVersion {
		return slices.DeleteFunc(all, func(other *blobVersion) bool { return other == version })
	}
	switch {
	case r.query.Has("snapshot"):
		found.snapshots = without(found.snapshots)
	case r.query.Has("versionid"):
		if version == found.current {
			return refuseBlob(http.StatusForbidden, "OperationNotAllowedOnRootBlob", "The specified operation is not allowed on root blob.")
		}
		found.versions = without(found.versions)
	default:
		if refused := r.deleteCurrent(found); refused != nil {
			return refused
		}
	}
	if found.current == nil && len(found.versions)+len(found.snapshots) == 0 {
		delete(r.container.blobs, found.name)
	}
	return answer(http.StatusAccepted, nil).with("x-ms-delete-type-permanent", "true")
}

func (r *blobRequest) deleteCurrent(found *blob) *Answer {
	if found.directory {
		for name := range r.container.blobs {
			if strings.HasPrefix(name, found.name+"/") {
				return refuseBlob(http.StatusConflict, "DirectoryIsNotEmpty", "This operation is not permitted on a non-empty directory.")
			}
		}
	}
	if len(found.snapshots) > 0 {
		switch r.http.Header.Get("x-ms-delete-snapshots") {
		case "include", "only":
			found.snapshots = nil
		default:
			return refuseBlob(http.StatusConflict, "SnapshotsPresent", "This operation is not permitted because the blob has snapshots.")
		}
	}
	if r.http.Header.Get("x-ms-delete-snapshots") == "only" {
		return nil
	}
	if r.setting("isVersioningEnabled") {
		found.versions = append(found.versions, found.current)
	}
	found.current = nil
	return nil
}
