package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// issuer is somebody whose tokens may be client assertions: its keys are given, or published at a URL. They are read each
// time, as they may be other ones after a cluster's restart.
type issuer struct {
	Issuer    string          `json:"issuer"`
	Keys      json.RawMessage `json:"keys"`
	KeysURL   string          `json:"keysUrl"`
	Authority string          `json:"authority"` // who signed that URL's certificate, PEM
}

func (i *issuer) keys() (keySet, error) {
	var keys keySet
	if i.Keys != nil {
		err := json.Unmarshal(i.Keys, &keys)
		return keys, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM([]byte(i.Authority)) {
		return keySet{}, fmt.Errorf("no certificate of an authority for %s", i.Issuer)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authorities}, DisableKeepAlives: true,
	}}
	response, err := client.Get(i.KeysURL)
	if err != nil {
		return keySet{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return keySet{}, fmt.Errorf("%s answered %s", i.KeysURL, response.Status)
	}
	err = json.NewDecoder(response.Body).Decode(&keys)
	return keys, err
}
