// https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent
// generated from terraform resource schema

import { Construct } from 'constructs';
import * as cdktn from 'cdktn';

// Configuration

export interface AgentConfig extends cdktn.TerraformMetaArguments {
  /**
  * The agent, a key of `agents` in the provider's block. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#name Agent#name}
  */
  readonly name: string;
  /**
  * What the agent keeps and enforces; absent values are left as they are.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#settings Agent#settings}
  */
  readonly settings?: AgentSettings;
}
export interface AgentSettings {
  /**
  * Labels of the host. Keys: 1 to 63 letters, digits and inner . _ / -. Each: at most 255 characters.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#labels Agent#labels}
  */
  readonly labels?: { [key: string]: string };
  /**
  * Disk space kept for the host's owner; the larger of this and agent.yaml holds. In GiB (2^30 bytes), 0 to 1048576.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#reserved_disk_gb Agent#reserved_disk_gb}
  */
  readonly reservedDiskGb?: number;
  /**
  * Memory kept for the host's owner; the larger of this and agent.yaml holds. In GiB (2^30 bytes), 0 to 65536.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#reserved_ram_gb Agent#reserved_ram_gb}
  */
  readonly reservedRamGb?: number;
  /**
  * Processors kept for the host's owner; the larger of this and agent.yaml holds. 0 to 4096.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#reserved_vcpu Agent#reserved_vcpu}
  */
  readonly reservedVcpu?: number;
  /**
  * Whether new VMs may be placed here.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#schedulable Agent#schedulable}
  */
  readonly schedulable?: boolean | cdktn.IResolvable;
}

export function agentSettingsToTerraform(struct?: AgentSettings | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    labels: cdktn.hashMapper(cdktn.stringToTerraform)(struct!.labels),
    reserved_disk_gb: cdktn.numberToTerraform(struct!.reservedDiskGb),
    reserved_ram_gb: cdktn.numberToTerraform(struct!.reservedRamGb),
    reserved_vcpu: cdktn.numberToTerraform(struct!.reservedVcpu),
    schedulable: cdktn.booleanToTerraform(struct!.schedulable),
  }
}


export function agentSettingsToHclTerraform(struct?: AgentSettings | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    labels: {
      value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(struct!.labels),
      isBlock: false,
      type: "map",
      storageClassType: "stringMap",
    },
    reserved_disk_gb: {
      value: cdktn.numberToHclTerraform(struct!.reservedDiskGb),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
    reserved_ram_gb: {
      value: cdktn.numberToHclTerraform(struct!.reservedRamGb),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
    reserved_vcpu: {
      value: cdktn.numberToHclTerraform(struct!.reservedVcpu),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
    schedulable: {
      value: cdktn.booleanToHclTerraform(struct!.schedulable),
      isBlock: false,
      type: "simple",
      storageClassType: "boolean",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class AgentSettingsOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute, false);
  }

  public get internalValue(): AgentSettings | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._labels !== undefined) {
      hasAnyValues = true;
      internalValueResult.labels = this._labels;
    }
    if (this._reservedDiskGb !== undefined) {
      hasAnyValues = true;
      internalValueResult.reservedDiskGb = this._reservedDiskGb;
    }
    if (this._reservedRamGb !== undefined) {
      hasAnyValues = true;
      internalValueResult.reservedRamGb = this._reservedRamGb;
    }
    if (this._reservedVcpu !== undefined) {
      hasAnyValues = true;
      internalValueResult.reservedVcpu = this._reservedVcpu;
    }
    if (this._schedulable !== undefined) {
      hasAnyValues = true;
      internalValueResult.schedulable = this._schedulable;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: AgentSettings | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._labels = undefined;
      this._reservedDiskGb = undefined;
      this._reservedRamGb = undefined;
      this._reservedVcpu = undefined;
      this._schedulable = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._labels = value.labels;
      this._reservedDiskGb = value.reservedDiskGb;
      this._reservedRamGb = value.reservedRamGb;
      this._reservedVcpu = value.reservedVcpu;
      this._schedulable = value.schedulable;
    }
  }

  // labels - computed: true, optional: true, required: false
  private _labels?: { [key: string]: string }; 
  public get labels() {
    return this.getStringMapAttribute('labels');
  }
  public set labels(value: { [key: string]: string }) {
    this._labels = value;
  }
  public resetLabels() {
    this._labels = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get labelsInput() {
    return this._labels;
  }

  // reserved_disk_gb - computed: true, optional: true, required: false
  private _reservedDiskGb?: number; 
  public get reservedDiskGb() {
    return this.getNumberAttribute('reserved_disk_gb');
  }
  public set reservedDiskGb(value: number) {
    this._reservedDiskGb = value;
  }
  public resetReservedDiskGb() {
    this._reservedDiskGb = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get reservedDiskGbInput() {
    return this._reservedDiskGb;
  }

  // reserved_ram_gb - computed: true, optional: true, required: false
  private _reservedRamGb?: number; 
  public get reservedRamGb() {
    return this.getNumberAttribute('reserved_ram_gb');
  }
  public set reservedRamGb(value: number) {
    this._reservedRamGb = value;
  }
  public resetReservedRamGb() {
    this._reservedRamGb = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get reservedRamGbInput() {
    return this._reservedRamGb;
  }

  // reserved_vcpu - computed: true, optional: true, required: false
  private _reservedVcpu?: number; 
  public get reservedVcpu() {
    return this.getNumberAttribute('reserved_vcpu');
  }
  public set reservedVcpu(value: number) {
    this._reservedVcpu = value;
  }
  public resetReservedVcpu() {
    this._reservedVcpu = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get reservedVcpuInput() {
    return this._reservedVcpu;
  }

  // schedulable - computed: true, optional: true, required: false
  private _schedulable?: boolean | cdktn.IResolvable; 
  public get schedulable() {
    return this.getBooleanAttribute('schedulable');
  }
  public set schedulable(value: boolean | cdktn.IResolvable) {
    this._schedulable = value;
  }
  public resetSchedulable() {
    this._schedulable = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get schedulableInput() {
    return this._schedulable;
  }
}

/**
* Represents a {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent ghost_agent}
*/
export class Agent extends cdktn.TerraformResource {

  // =================
  // STATIC PROPERTIES
  // =================
  public static readonly tfResourceType = "ghost_agent";

  // ==============
  // STATIC Methods
  // ==============
  /**
  * Generates CDKTN code for importing a Agent resource upon running "cdktn plan <stack-name>"
  * @param scope The scope in which to define this construct
  * @param importToId The construct id used in the generated config for the Agent to import
  * @param importFromId The id of the existing Agent that should be imported. Refer to the {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent#import import section} in the documentation of this resource for the id to use
  * @param provider? Optional instance of the provider where the Agent to import is found
  */
  public static generateConfigForImport(scope: Construct, importToId: string, importFromId: string, provider?: cdktn.TerraformProvider) {
        return new cdktn.ImportableResource(scope, importToId, { terraformResourceType: "ghost_agent", importId: importFromId, provider });
      }

  // ===========
  // INITIALIZER
  // ===========

  /**
  * Create a new {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/agent ghost_agent} Resource
  *
  * @param scope The scope in which to define this construct
  * @param id The scoped construct ID. Must be unique amongst siblings in the same scope
  * @param options AgentConfig
  */
  public constructor(scope: Construct, id: string, config: AgentConfig) {
    super(scope, id, {
      terraformResourceType: 'ghost_agent',
      terraformGeneratorMetadata: {
        providerName: 'ghost',
        providerVersion: '0.1.0'
      },
      provider: config.provider,
      dependsOn: config.dependsOn,
      count: config.count,
      lifecycle: config.lifecycle,
      provisioners: config.provisioners,
      connection: config.connection,
      forEach: config.forEach
    });
    this._name = config.name;
    this._settings.internalValue = config.settings;
  }

  // ==========
  // ATTRIBUTES
  // ==========

  // agent_id - computed: true, optional: false, required: false
  public get agentId() {
    return this.getStringAttribute('agent_id');
  }

  // hypervisor - computed: true, optional: false, required: false
  public get hypervisor() {
    return this.getStringAttribute('hypervisor');
  }

  // name - computed: false, optional: false, required: true
  private _name?: string; 
  public get name() {
    return this.getStringAttribute('name');
  }
  public set name(value: string) {
    this._name = value;
  }
  // Temporarily expose input value. Use with caution.
  public get nameInput() {
    return this._name;
  }

  // settings - computed: true, optional: true, required: false
  private _settings = new AgentSettingsOutputReference(this, "settings");
  public get settings() {
    return this._settings;
  }
  public putSettings(value: AgentSettings) {
    this._settings.internalValue = value;
  }
  public resetSettings() {
    this._settings.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get settingsInput() {
    return this._settings.internalValue;
  }

  // version - computed: true, optional: false, required: false
  public get version() {
    return this.getStringAttribute('version');
  }

  // =========
  // SYNTHESIS
  // =========

  protected synthesizeAttributes(): { [name: string]: any } {
    return {
      name: cdktn.stringToTerraform(this._name),
      settings: agentSettingsToTerraform(this._settings.internalValue),
    };
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      name: {
        value: cdktn.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      settings: {
        value: agentSettingsToHclTerraform(this._settings.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "AgentSettings",
      },
    };

    // remove undefined attributes
    return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined ))
  }
}
