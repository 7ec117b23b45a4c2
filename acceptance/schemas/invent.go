package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Ids whose form is checked by whoever takes them; {id} are 17 hexadecimal digits, {name} what the resource is called.
var forms = map[string]string{
	"aws_vpc.id":                         "vpc-{id}",
	"aws_subnet.id":                      "subnet-{id}",
	"aws_security_group.id":              "sg-{id}",
	"aws_route_table.id":                 "rtb-{id}",
	"aws_lb.arn":                         "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{short}",
	"aws_lb.id":                          "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{short}",
	"aws_lb_target_group.arn":            "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{short}",
	"aws_iam_role.arn":                   "arn:aws:iam::{account}:role/{name}",
	"aws_iam_role.id":                    "{name}",
	"aws_kms_key.arn":                    "arn:aws:kms:{region}:{account}:key/{id}",
	"aws_eks_cluster.id":                 "{name}",
	"aws_eks_cluster.endpoint":           "https://{id}.gr7.{region}.eks.amazonaws.com",
	"aws_eks_cluster.data":               "LS0tLS1CRUdJTg==",
	"aws_eks_cluster.issuer":             "https://oidc.eks.{region}.amazonaws.com/id/{id}",
	"aws_iam_openid_connect_provider.id": "arn:aws:iam::{account}:oidc-provider/{id}",
}

// Instance is one resource whose unknown values are invented.
type Instance struct {
	Type, Name, Region, Account, Token string
}

func newInstance(kind, region, account string) (Instance, error) {
	token := make([]byte, 9)
	if _, err := rand.Read(token); err != nil {
		return Instance{}, err
	}
	return Instance{Type: kind, Region: region, Account: account, Token: hex.EncodeToString(token)[:17]}, nil
}

// ofData is the instance of a data source: the same for the same question, as a cloud tells the same each time.
func ofData(kind string, config tftypes.Value, region, account string) Instance {
	digest := sha256.Sum256([]byte(kind + config.String()))
	return Instance{Type: kind, Region: region, Account: account, Token: hex.EncodeToString(digest[:])[:17]}
}

// settled is the planned value with every unknown one made up; `known` are the attributes that a server told.
func (i Instance) settled(block Block, planned tftypes.Value, known map[string]string) (tftypes.Value, error) {
	var fields map[string]tftypes.Value
	if err := planned.As(&fields); err != nil {
		return planned, err
	}
	if name, ok := fields["name"]; ok && name.IsKnown() && !name.IsNull() {
		if err := name.As(&i.Name); err != nil {
			return planned, err
		}
	}
	for made, source := range madeOf {
		if value, ok := fields[made]; ok && !value.IsKnown() && !fields[source].IsNull() {
			fields[made] = tftypes.NewValue(value.Type(), mapOf(fields[source]))
		}
	}
	for name, text := range known {
		if value, ok := fields[name]; ok && !value.IsKnown() && value.Type().Is(tftypes.String) {
			fields[name] = tftypes.NewValue(tftypes.String, text)
		}
	}
	return block.each(tftypes.NewValue(planned.Type(), fields), func(name string, attribute Attribute, value tftypes.Value) tftypes.Value {
		if value.IsKnown() {
			return value
		}
		return i.invent(name, value.Type())
	})
}

func mapOf(value tftypes.Value) map[string]tftypes.Value {
	var found map[string]tftypes.Value
	if value.As(&found) != nil {
		return nil
	}
	return found
}

// invent makes a value up. Lists of objects get one element, since configuration reads `certificate_authority[0].data`.
func (i Instance) invent(name string, kind tftypes.Type) tftypes.Value {
	switch {
	case kind.Is(tftypes.String):
		return tftypes.NewValue(kind, i.text(name))
	case kind.Is(tftypes.Number):
		return tftypes.NewValue(kind, big.NewFloat(0))
	case kind.Is(tftypes.Bool):
		return tftypes.NewValue(kind, false)
	case kind.Is(tftypes.Map{}):
		return tftypes.NewValue(kind, map[string]tftypes.Value{})
	}
	switch kind := kind.(type) {
	case tftypes.Object:
		fields := map[string]tftypes.Value{}
		for field, inner := range kind.AttributeTypes {
			fields[field] = i.invent(field, inner)
		}
		return tftypes.NewValue(kind, fields)
	case tftypes.List:
		return tftypes.NewValue(kind, i.elements(name, kind.ElementType))
	case tftypes.Set:
		return tftypes.NewValue(kind, i.elements(name, kind.ElementType))
	}
	return tftypes.NewValue(kind, nil)
}

func (i Instance) elements(name string, kind tftypes.Type) []tftypes.Value {
	if kind.Is(tftypes.Object{}) {
		return []tftypes.Value{i.invent(name, kind)}
	}
	return []tftypes.Value{}
}

func (i Instance) text(attribute string) string {
	form, ok := forms[i.Type+"."+attribute]
	switch {
	case ok:
	case attribute == "region":
		form = "{region}"
	case attribute == "account_id" || attribute == "owner_id":
		form = "{account}"
	case attribute == "arn":
		form = "arn:aws:" + strings.ReplaceAll(strings.TrimPrefix(i.Type, "aws_"), "_", "-") + ":{region}:{account}:{id}"
	default:
		form = i.Type + "-" + attribute + "-{id}"
	}
	name := i.Name
	if name == "" {
		name = i.Token
	}
	return strings.NewReplacer("{id}", i.Token, "{short}", i.Token[:16], "{name}", name,
		"{region}", i.Region, "{account}", i.Account).Replace(form)
}
