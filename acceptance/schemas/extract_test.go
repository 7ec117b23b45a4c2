package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The form of the generated sources, cut down to one of each kind of attribute and block.
const generated = `
export interface ThingConfig extends cdktf.TerraformMetaArguments {
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#name Thing#name}
  */
  readonly name: string;
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#zones Thing#zones}
  */
  readonly zones?: string[];
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#rule Thing#rule}
  */
  readonly rule?: ThingRule[] | cdktf.IResolvable;
  /**
  * access block
  *
  * Docs at Terraform Registry: {@link https://example.com/thing#access Thing#access}
  */
  readonly access: ThingAccess;
  /**
  * disk block
  *
  * Docs at Terraform Registry: {@link https://example.com/thing#disk Thing#disk}
  */
  readonly disk?: ThingDisk[] | cdktf.IResolvable;
}
export interface ThingRule {
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#port Thing#port}
  */
  readonly port?: number;
}
export function thingRuleToHclTerraform(struct?: ThingRule | cdktf.IResolvable): any {
  const attrs = {
    port: {
      value: cdktf.numberToHclTerraform(struct!.port),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };
}
export interface ThingAccess {
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#mode Thing#mode}
  */
  readonly mode?: string;
}
export function thingAccessToHclTerraform(struct?: ThingAccess): any {
  const attrs = {
    mode: {
      value: cdktf.stringToHclTerraform(struct!.mode),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };
}
export class ThingAccessOutputReference extends cdktf.ComplexObject {
  // mode - computed: true, optional: true, required: false
  private _mode?: string; 
  public get mode() {
    return this.getStringAttribute('mode');
  }
}
export interface ThingDisk {
  /**
  * Docs at Terraform Registry: {@link https://example.com/thing#size Thing#size}
  */
  readonly size: number;
}
export function thingDiskToHclTerraform(struct?: ThingDisk | cdktf.IResolvable): any {
  const attrs = {
    size: {
      value: cdktf.numberToHclTerraform(struct!.size),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };
}
export interface ThingIssuer {
}
export function thingIssuerToHclTerraform(struct?: ThingIssuer): any {
  const attrs = {
  };
}
export class ThingIssuerOutputReference extends cdktf.ComplexObject {
  // url - computed: true, optional: false, required: false
  public get url() {
    return this.getStringAttribute('url');
  }
}
export class Thing extends cdktf.TerraformResource {
  // issuer - computed: true, optional: false, required: false
  private _issuer = new ThingIssuerList(this, "issuer", false);
  public get issuer() {
    return this._issuer;
  }

  // rule - computed: true, optional: true, required: false
  private _rule = new ThingRuleList(this, "rule", true);
  public get rule() {
    return this._rule;
  }

  // tags_all - computed: true, optional: false, required: false
  private _tagsAll = new cdktf.StringMap(this, "tags_all");
  public get tagsAll() {
    return this._tagsAll;
  }

  // ids - computed: true, optional: false, required: false
  public get ids() {
    return cdktf.Fn.tolist(this.getListAttribute('ids'));
  }
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      name: {
        value: cdktf.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      zones: {
        value: cdktf.listMapperHcl(cdktf.stringToHclTerraform, false)(this._zones),
        isBlock: false,
        type: "set",
        storageClassType: "stringList",
      },
      rule: {
        value: cdktf.listMapperHcl(thingRuleToHclTerraform, false)(this._rule.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "ThingRuleList",
      },
      access: {
        value: thingAccessToHclTerraform(this._access.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "ThingAccessList",
      },
      disk: {
        value: cdktf.listMapperHcl(thingDiskToHclTerraform, true)(this._disk.internalValue),
        isBlock: true,
        type: "set",
        storageClassType: "ThingDiskList",
      },
    };
  }
}
`

func TestASchemaIsReadFromGeneratedSource(t *testing.T) {
	block, err := readSource(generated).top()
	if err != nil {
		t.Fatal(err)
	}
	const wanted = `{
	  "attributes": {
	    "name": {"type": "string", "required": true},
	    "zones": {"type": ["set", "string"], "optional": true},
	    "rule": {"type": ["set", ["object", {"port": "number"}]], "optional": true, "computed": true},
	    "issuer": {"type": ["list", ["object", {"url": "string"}]], "computed": true},
	    "tags_all": {"type": ["map", "string"], "computed": true},
	    "ids": {"type": ["set", "string"], "computed": true}
	  },
	  "block_types": {
	    "access": {"nesting_mode": "list", "min_items": 1, "max_items": 1,
	      "block": {"attributes": {"mode": {"type": "string", "optional": true, "computed": true}}}},
	    "disk": {"nesting_mode": "set", "block": {"attributes": {"size": {"type": "number", "required": true}}}}
	  }
	}`
	var expected Block
	if err := json.Unmarshal([]byte(wanted), &expected); err != nil {
		t.Fatal(err)
	}
	found, _ := json.Marshal(block)
	again, _ := json.Marshal(expected)
	if string(found) != string(again) {
		t.Errorf("read\n%s\nwanted\n%s", found, again)
	}
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	for from, to := range map[string]string{
		`type: "simple"`:      `type: "strange"`,
		`getStringAttribute(`: `interpolationForAttribute(`,
		`ThingDiskList"`:      `OtherList"`,
		`#zones Thing#zones`:  `#areas Thing#areas`,
	} {
		changed := strings.ReplaceAll(generated, from, to)
		if block, err := readSource(changed).top(); err == nil {
			t.Errorf("with %q for %q it reads %v", to, from, block)
		}
	}
}

func TestAnotherFileThanThePackageIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	if err := intact(path, all[0].Integrity); err == nil || !strings.Contains(err.Error(), "another file than packages.txt names") {
		t.Error(err)
	}
}

func TestWhatIsPublishedIsWhatIsWanted(t *testing.T) {
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	var names, wanted []string
	for _, each := range all {
		address, provider, err := published(each.Provider)
		if err != nil {
			t.Fatal(err)
		}
		if address != "registry.terraform.io/hashicorp/"+each.Provider || provider.Version == "" {
			t.Errorf("%s is published as %s %q", each.Provider, address, provider.Version)
		}
		names = slices.AppendSeq(names, maps.Keys(provider.Resources))
		for name := range provider.DataSources {
			names = append(names, "data."+name)
		}
	}
	wanted = append(wanted, lines(typesFile)...)
	slices.Sort(names)
	slices.Sort(wanted)
	if !reflect.DeepEqual(names, wanted) {
		t.Errorf("run `make schemas`: published are\n%v\nwanted are\n%v", names, wanted)
	}
}
