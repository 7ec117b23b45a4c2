package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"
)

// signingKey signs the tokens of our directory.
type signingKey struct {
	private *rsa.PrivateKey
	id      string
}

// Claims are what a token says.
type Claims map[string]any

func newSigningKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &signingKey{private, identifier()}, nil
}

func (k *signingKey) sign(claims Claims) (string, error) {
	header, err := json.Marshal(Object{"alg": "RS256", "typ": "JWT", "kid": k.id})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := encode(header) + "." + encode(body)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

// set is the published key.
func (k *signingKey) set() Object {
	exponent := big.NewInt(int64(k.private.E)).Bytes()
	return Object{"keys": []any{Object{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id, "n": encode(k.private.N.Bytes()), "e": encode(exponent)}}}
}

func encode(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

// keySet is a JSON Web Key Set, of which RSA keys count.
type keySet struct {
	Keys []struct {
		Kind     string `json:"kty"`
		ID       string `json:"kid"`
		Modulus  string `json:"n"`
		Exponent string `json:"e"`
	} `json:"keys"`
}

func (set keySet) find(id string) *rsa.PublicKey {
	for _, key := range set.Keys {
		modulus, err := base64.RawURLEncoding.DecodeString(key.Modulus)
		exponent, bad := base64.RawURLEncoding.DecodeString(key.Exponent)
		if key.ID == id && key.Kind == "RSA" && err == nil && bad == nil {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
		}
	}
	return nil
}

var (
	errNoToken  = errors.New("it is no JSON Web Token")
	errNoKey    = errors.New("it is signed by no published key")
	errExpired  = errors.New("it has expired")
	errTampered = errors.New("its signature does not fit")
)

// unverified reads claims, and trusts nothing.
func unverified(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errNoToken
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errNoToken
	}
	var claims Claims
	if json.Unmarshal(body, &claims) != nil {
		return nil, errNoToken
	}
	return claims, nil
}

// verified reads the claims of a token that one of the keys signed and that is still good.
func (set keySet) verified(token string) (Claims, error) {
	claims, err := unverified(token)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(token, ".")
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return nil, errNoToken
	}
	var header struct {
		Algorithm string `json:"alg"`
		Key       string `json:"kid"`
	}
	if json.Unmarshal(head, &header) != nil || header.Algorithm != "RS256" {
		return nil, errNoToken
	}
	public := set.find(header.Key)
	if public == nil {
		return nil, errNoKey
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) != nil {
		return nil, errTampered
	}
	expiry, ok := claims["exp"].(float64)
	begins, _ := claims["nbf"].(float64) // five minutes early are not held against a clock
	if !ok || time.Unix(int64(expiry), 0).Before(time.Now()) || time.Unix(int64(begins), 0).After(time.Now().Add(5*time.Minute)) {
		return nil, errExpired
	}
	return claims, nil
}

func (c Claims) text(name string) string {
	text, _ := c[name].(string)
	return text
}

// audiences is `aud`, which may be a list.
func (c Claims) audiences() []string {
	switch audience := c["aud"].(type) {
	case string:
		return []string{audience}
	case []any:
		var all []string
		for _, one := range audience {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

func (c Claims) isFor(audiences []string) bool {
	return slices.ContainsFunc(c.audiences(), func(audience string) bool {
		return slices.Contains(audiences, strings.TrimSuffix(audience, "/"))
	})
}
