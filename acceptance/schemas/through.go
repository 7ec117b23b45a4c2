package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A few types of AWS are made in an emulator as well, where DATAPLANE_SCHEMA_AWS_ENDPOINT says one: those that our own
// resources lead to. Changes of them are kept in the state alone.

// api is a Query interface of AWS.
type api struct{ service, version string }

var (
	ec2       = api{"ec2", "2016-11-15"}
	balancing = api{"elasticloadbalancing", "2015-12-01"}
	iam       = api{"iam", "2010-05-08"}
)

// made is how a type is made and deleted.
type made struct {
	api    api
	create string
	// The call's parameters by attribute; one that ends in ".N" takes a list.
	parameters map[string]string
	fixed      map[string]string
	// Attributes that the answer tells, with their XML names.
	told [][2]string
	// What deletes it, and the parameters by attribute.
	destroy string
	named   map[string]string
}

var throughTypes = map[string]made{
	"aws_vpc": {
		api: ec2, create: "CreateVpc", parameters: map[string]string{"cidr_block": "CidrBlock"},
		told: [][2]string{{"id", "vpcId"}}, destroy: "DeleteVpc", named: map[string]string{"id": "VpcId"},
	},
	"aws_subnet": {
		api: ec2, create: "CreateSubnet",
		parameters: map[string]string{"vpc_id": "VpcId", "cidr_block": "CidrBlock", "availability_zone": "AvailabilityZone"},
		told:       [][2]string{{"id", "subnetId"}}, destroy: "DeleteSubnet", named: map[string]string{"id": "SubnetId"},
	},
	"aws_security_group": {
		api: ec2, create: "CreateSecurityGroup",
		parameters: map[string]string{"vpc_id": "VpcId", "name": "GroupName", "description": "GroupDescription"},
		told:       [][2]string{{"id", "groupId"}}, destroy: "DeleteSecurityGroup", named: map[string]string{"id": "GroupId"},
	},
	"aws_route_table": {
		api: ec2, create: "CreateRouteTable", parameters: map[string]string{"vpc_id": "VpcId"},
		told: [][2]string{{"id", "routeTableId"}}, destroy: "DeleteRouteTable", named: map[string]string{"id": "RouteTableId"},
	},
	"aws_iam_role": {
		api: iam, create: "CreateRole",
		parameters: map[string]string{
			"name": "RoleName", "path": "Path", "assume_role_policy": "AssumeRolePolicyDocument", "permissions_boundary": "PermissionsBoundary",
		},
		told: [][2]string{{"id", "RoleName"}, {"arn", "Arn"}}, destroy: "DeleteRole", named: map[string]string{"id": "RoleName"},
	},
	"aws_iam_policy": {
		api: iam, create: "CreatePolicy",
		parameters: map[string]string{"name": "PolicyName", "path": "Path", "policy": "PolicyDocument"},
		told:       [][2]string{{"id", "Arn"}, {"arn", "Arn"}}, destroy: "DeletePolicy", named: map[string]string{"id": "PolicyArn"},
	},
	"aws_iam_role_policy": {
		api: iam, create: "PutRolePolicy",
		parameters: map[string]string{"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
		destroy:    "DeleteRolePolicy", named: map[string]string{"role": "RoleName", "name": "PolicyName"},
	},
	"aws_lb": {
		api: balancing, create: "CreateLoadBalancer",
		parameters: map[string]string{"name": "Name", "load_balancer_type": "Type", "subnets": "Subnets.member.N"},
		fixed:      map[string]string{"Scheme": "internal"},
		told:       [][2]string{{"id", "LoadBalancerArn"}, {"arn", "LoadBalancerArn"}, {"dns_name", "DNSName"}},
		destroy:    "DeleteLoadBalancer", named: map[string]string{"id": "LoadBalancerArn"},
	},
}

// through makes a resource in the emulator and says what that tells of it; nothing where there is none, or another type.
func (s *Server) through(kind string, planned tftypes.Value) (map[string]string, error) {
	how, ok := throughTypes[kind]
	if !ok || s.endpoint() == "" {
		return nil, nil
	}
	form := url.Values{}
	for name, value := range how.fixed {
		form.Set(name, value)
	}
	fields := mapOf(planned)
	for attribute, parameter := range how.parameters {
		if list, isList := strings.CutSuffix(parameter, "N"); isList {
			var elements []tftypes.Value
			if err := fields[attribute].As(&elements); err != nil {
				return nil, err
			}
			for at, element := range elements {
				form.Set(fmt.Sprintf("%s%d", list, at+1), textOf(element))
			}
		} else if text := textOf(fields[attribute]); text != "" {
			form.Set(parameter, text)
		}
	}
	answer, err := s.call(how.api, how.create, form)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, each := range how.told {
		found := regexp.MustCompile("<" + each[1] + ">([^<]+)</").FindStringSubmatch(answer)
		if found == nil {
			return nil, fmt.Errorf("%s answered no %s: %s", how.create, each[1], answer)
		}
		known[each[0]] = found[1]
	}
	var hostnames bool
	if value, ok := fields["enable_dns_hostnames"]; ok && value.IsKnown() && !value.IsNull() && value.As(&hostnames) == nil && hostnames {
		form := url.Values{"VpcId": {known["id"]}, "EnableDnsHostnames.Value": {"true"}}
		if _, err := s.call(ec2, "ModifyVpcAttribute", form); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// undo deletes what `through` made.
func (s *Server) undo(kind string, prior tftypes.Value) error {
	how, ok := throughTypes[kind]
	if !ok || s.endpoint() == "" {
		return nil
	}
	form := url.Values{}
	for attribute, parameter := range how.named {
		form.Set(parameter, textOf(mapOf(prior)[attribute]))
	}
	_, err := s.call(how.api, how.destroy, form)
	return err
}

func (s *Server) endpoint() string {
	if s.name != "aws" {
		return ""
	}
	return os.Getenv("DATAPLANE_SCHEMA_AWS_ENDPOINT")
}

// call asks the emulator in the name of the account's root: twelve digits in place of a key's id. It checks no signatures.
func (s *Server) call(to api, action string, form url.Values) (string, error) {
	form.Set("Action", action)
	form.Set("Version", to.version)
	request, err := http.NewRequest(http.MethodPost, s.endpoint(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	request.Header.Set("Authorization", fmt.Sprintf(
		"AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0", s.account, s.region, to.service))
	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", action, answer.Status, text)
	}
	return string(text), nil
}
