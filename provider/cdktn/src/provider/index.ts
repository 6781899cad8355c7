// https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs
// generated from terraform resource schema

import { Construct } from 'constructs';
import * as cdktn from 'cdktn';

// Configuration

export interface GhostProviderConfig {
  /**
  * The agents by name. Keys: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#agents GhostProvider#agents}
  */
  readonly agents: { [key: string]: GhostProviderAgents } | cdktn.IResolvable;
  /**
  * The worst that a plan may do to a running machine. One of `none`, `next-boot`, `live`, `guest`, `restart`, `stop`, `replace`, `data-loss`. Default: `data-loss`, which is no limit.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#max_impact GhostProvider#max_impact}
  */
  readonly maxImpact?: string;
  /**
  * Name of the whole; what this configuration makes belongs to `terraform:<stack>` on its agents. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#stack GhostProvider#stack}
  */
  readonly stack: string;
  /**
  * Alias name
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#alias GhostProvider#alias}
  */
  readonly alias?: string;
}
export interface GhostProviderAgentsTls {
  /**
  * Certificate authority that signed the agent's certificate.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#ca GhostProvider#ca}
  */
  readonly ca?: string;
  /**
  * Certificate shown to the agent.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#cert GhostProvider#cert}
  */
  readonly cert?: string;
  /**
  * Private key of that certificate.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#key GhostProvider#key}
  */
  readonly key?: string;
  /**
  * Name to expect in the agent's certificate, where it differs from the address.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#server_name GhostProvider#server_name}
  */
  readonly serverName?: string;
}

export function ghostProviderAgentsTlsToTerraform(struct?: GhostProviderAgentsTls | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    ca: cdktn.stringToTerraform(struct!.ca),
    cert: cdktn.stringToTerraform(struct!.cert),
    key: cdktn.stringToTerraform(struct!.key),
    server_name: cdktn.stringToTerraform(struct!.serverName),
  }
}


export function ghostProviderAgentsTlsToHclTerraform(struct?: GhostProviderAgentsTls | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    ca: {
      value: cdktn.stringToHclTerraform(struct!.ca),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    cert: {
      value: cdktn.stringToHclTerraform(struct!.cert),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    key: {
      value: cdktn.stringToHclTerraform(struct!.key),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    server_name: {
      value: cdktn.stringToHclTerraform(struct!.serverName),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export interface GhostProviderAgents {
  /**
  * Where the agent answers. Form: host:port or unix:/path.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#address GhostProvider#address}
  */
  readonly address: string;
  /**
  * How long the agent may take to answer a question. In seconds, 1 to 600. Default: `10`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#timeout_s GhostProvider#timeout_s}
  */
  readonly timeoutS?: number;
  /**
  * Certificates of the connection; a relative path starts at the folder in which Terraform runs.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#tls GhostProvider#tls}
  */
  readonly tls?: GhostProviderAgentsTls;
}

export function ghostProviderAgentsToTerraform(struct?: GhostProviderAgents | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    address: cdktn.stringToTerraform(struct!.address),
    timeout_s: cdktn.numberToTerraform(struct!.timeoutS),
    tls: ghostProviderAgentsTlsToTerraform(struct!.tls),
  }
}


export function ghostProviderAgentsToHclTerraform(struct?: GhostProviderAgents | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    address: {
      value: cdktn.stringToHclTerraform(struct!.address),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    timeout_s: {
      value: cdktn.numberToHclTerraform(struct!.timeoutS),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
    tls: {
      value: ghostProviderAgentsTlsToHclTerraform(struct!.tls),
      isBlock: true,
      type: "struct",
      storageClassType: "GhostProviderAgentsTls",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}


import { GhostProviderFunctions } from '../provider-functions/index';
/**
* Represents a {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs ghost}
*/
export class GhostProvider extends cdktn.TerraformProvider {

  // =================
  // STATIC PROPERTIES
  // =================
  public static readonly tfResourceType = "ghost";

  // ==============
  // STATIC Methods
  // ==============
  /**
  * Generates CDKTN code for importing a GhostProvider resource upon running "cdktn plan <stack-name>"
  * @param scope The scope in which to define this construct
  * @param importToId The construct id used in the generated config for the GhostProvider to import
  * @param importFromId The id of the existing GhostProvider that should be imported. Refer to the {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs#import import section} in the documentation of this resource for the id to use
  * @param provider? Optional instance of the provider where the GhostProvider to import is found
  */
  public static generateConfigForImport(scope: Construct, importToId: string, importFromId: string, provider?: cdktn.TerraformProvider) {
        return new cdktn.ImportableResource(scope, importToId, { terraformResourceType: "ghost", importId: importFromId, provider });
      }

  // ===========
  // INITIALIZER
  // ===========

  /**
  * Create a new {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs ghost} Resource
  *
  * @param scope The scope in which to define this construct
  * @param id The scoped construct ID. Must be unique amongst siblings in the same scope
  * @param options GhostProviderConfig
  */
  public constructor(scope: Construct, id: string, config: GhostProviderConfig) {
    super(scope, id, {
      terraformResourceType: 'ghost',
      terraformGeneratorMetadata: {
        providerName: 'ghost',
        providerVersion: '0.1.0'
      },
      terraformProviderSource: 'registry.terraform.io/ghost-vm/ghost'
    });
    this._agents = config.agents;
    this._maxImpact = config.maxImpact;
    this._stack = config.stack;
    this._alias = config.alias;
  }

  // ==========
  // ATTRIBUTES
  // ==========

  // agents - computed: false, optional: false, required: true
  private _agents?: { [key: string]: GhostProviderAgents } | cdktn.IResolvable; 
  public get agents() {
    return this._agents;
  }
  public set agents(value: { [key: string]: GhostProviderAgents } | cdktn.IResolvable | undefined) {
    this._agents = value;
  }
  // Temporarily expose input value. Use with caution.
  public get agentsInput() {
    return this._agents;
  }

  // max_impact - computed: false, optional: true, required: false
  private _maxImpact?: string; 
  public get maxImpact() {
    return this._maxImpact;
  }
  public set maxImpact(value: string | undefined) {
    this._maxImpact = value;
  }
  public resetMaxImpact() {
    this._maxImpact = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get maxImpactInput() {
    return this._maxImpact;
  }

  // stack - computed: false, optional: false, required: true
  private _stack?: string; 
  public get stack() {
    return this._stack;
  }
  public set stack(value: string | undefined) {
    this._stack = value;
  }
  // Temporarily expose input value. Use with caution.
  public get stackInput() {
    return this._stack;
  }

  // alias - computed: false, optional: true, required: false
  private _alias?: string; 
  public get alias() {
    return this._alias;
  }
  public set alias(value: string | undefined) {
    this._alias = value;
  }
  public resetAlias() {
    this._alias = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get aliasInput() {
    return this._alias;
  }

  // ==========================
  // PROVIDER-DEFINED FUNCTIONS
  // ==========================
  private _functions?: GhostProviderFunctions;

  /**
  * Provider-defined functions of the ghost provider.
  */
  public get functions(): GhostProviderFunctions {
    if (!this._functions) {
      this._functions = new GhostProviderFunctions(this.terraformResourceType);
    }
    return this._functions;
  }

  // =========
  // SYNTHESIS
  // =========

  protected synthesizeAttributes(): { [name: string]: any } {
    return {
      agents: cdktn.hashMapper(ghostProviderAgentsToTerraform)(this._agents),
      max_impact: cdktn.stringToTerraform(this._maxImpact),
      stack: cdktn.stringToTerraform(this._stack),
      alias: cdktn.stringToTerraform(this._alias),
    };
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      agents: {
        value: cdktn.hashMapperHcl(ghostProviderAgentsToHclTerraform)(this._agents),
        isBlock: true,
        type: "map",
        storageClassType: "GhostProviderAgentsMap",
      },
      max_impact: {
        value: cdktn.stringToHclTerraform(this._maxImpact),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      stack: {
        value: cdktn.stringToHclTerraform(this._stack),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      alias: {
        value: cdktn.stringToHclTerraform(this._alias),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
    };

    // remove undefined attributes
    return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined ))
  }
}
