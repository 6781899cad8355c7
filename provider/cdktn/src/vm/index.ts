// https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm
// generated from terraform resource schema

import { Construct } from 'constructs';
import * as cdktn from 'cdktn';

// Configuration

export interface VmConfig extends cdktn.TerraformMetaArguments {
  /**
  * Acceleration; `auto` takes KVM where the processor has it and software emulation elsewhere. One of `auto`, `kvm`, `tcg`. Default: `auto`. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#accel Vm#accel}
  */
  readonly accel?: string;
  /**
  * Take over a VM of this name that belongs to nobody or to someone else. Default: `false`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#adopt Vm#adopt}
  */
  readonly adopt?: boolean | cdktn.IResolvable;
  /**
  * The agent whose host runs the VM; a VM cannot be moved to another one yet. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#agent Vm#agent}
  */
  readonly agent: string;
  /**
  * Start the VM when its host boots. Default: `true`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#autostart Vm#autostart}
  */
  readonly autostart?: boolean | cdktn.IResolvable;
  /**
  * First-boot configuration by cloud-init. A change is at worst next-boot: stored; takes effect at the next boot.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#cloud_init Vm#cloud_init}
  */
  readonly cloudInit?: VmCloudInit;
  /**
  * What a changed cloud_init or ssh_keys does to an existing VM: nothing, run again at the next boot, or a root disk made anew. One of `ignore`, `next-boot`, `recreate`. Default: `ignore`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#cloud_init_on_change Vm#cloud_init_on_change}
  */
  readonly cloudInitOnChange?: string;
  /**
  * Size of the root disk; it grows while the VM runs and cannot shrink without losing its content. In GiB (2^30 bytes), 1 to 65536. Default: `10`. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#disk_gb Vm#disk_gb}
  */
  readonly diskGb?: number;
  /**
  * Further disks by name. Keys: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#disks Vm#disks}
  */
  readonly disks?: { [key: string]: VmDisks } | cdktn.IResolvable;
  /**
  * What may be done to the running VM.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#disruption Vm#disruption}
  */
  readonly disruption?: VmDisruption;
  /**
  * Boot firmware; many libvirts cannot take snapshots of `uefi` machines. One of `bios`, `uefi`. Default: `bios`. A change is at worst replace: made anew; every disk, MAC address and name survives.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#firmware Vm#firmware}
  */
  readonly firmware?: string;
  /**
  * Catalogue name of the image the root disk is made from; resolved to a digest when the VM is created. Form: 1 to 63 lower-case letters, digits and . _ -. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#image Vm#image}
  */
  readonly image?: string;
  /**
  * What a changed image does to an existing VM: nothing, or a root disk made anew. One of `ignore`, `recreate`. Default: `ignore`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#image_on_change Vm#image_on_change}
  */
  readonly imageOnChange?: string;
  /**
  * Path of an image on the agent's host. Form: an absolute path. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#image_path Vm#image_path}
  */
  readonly imagePath?: string;
  /**
  * SHA-256 digest of the image at image_url or image_path. Form: 64 lower-case hexadecimal digits. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#image_sha256 Vm#image_sha256}
  */
  readonly imageSha256?: string;
  /**
  * Address of an image outside the catalogue; needs image_sha256. Form: an http or https address. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#image_url Vm#image_url}
  */
  readonly imageUrl?: string;
  /**
  * Labels to select VMs by. Keys: 1 to 63 letters, digits and inner . _ / -. Each: form: one line without control characters. Each: at most 255 characters.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#labels Vm#labels}
  */
  readonly labels?: { [key: string]: string };
  /**
  * Machine type the hypervisor emulates. One of `q35`, `pc`. Default: `q35`. A change is at worst replace: made anew; every disk, MAC address and name survives.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#machine Vm#machine}
  */
  readonly machine?: string;
  /**
  * Free text kept with the VM. Keys: 1 to 63 letters, digits and inner . _ / -. Each: form: one line without control characters. Each: at most 4096 characters.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#metadata Vm#metadata}
  */
  readonly metadata?: { [key: string]: string };
  /**
  * Name, unique on its host; in a spec it is the key of the block. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#name Vm#name}
  */
  readonly name: string;
  /**
  * Network cards by name; without any, one named `default` on the agent's default network. Keys: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter. A change is at worst live: changed while the machine runs.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#networks Vm#networks}
  */
  readonly networks?: { [key: string]: VmNetworks } | cdktn.IResolvable;
  /**
  * What happens to the VM when Terraform destroys the resource: deleted with its disks, or released and kept. One of `delete`, `retain`. Default: `delete`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#on_remove Vm#on_remove}
  */
  readonly onRemove?: string;
  /**
  * Whether the VM runs; `unmanaged` leaves power to people. One of `running`, `stopped`, `unmanaged`. Default: `running`. A change is at worst stop: the guest goes down and stays down.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#power Vm#power}
  */
  readonly power?: string;
  /**
  * Refuse whatever deletes the VM or destroys the content of a disk; kept on the agent, so removing the block does not remove it. Default: `false`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#protect Vm#protect}
  */
  readonly protect?: boolean | cdktn.IResolvable;
  /**
  * Memory given to the guest. In GiB (2^30 bytes), 1 to 4096. Default: `1`. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#ram_gb Vm#ram_gb}
  */
  readonly ramGb?: number;
  /**
  * Headroom: up to this much memory is given while the VM runs. In GiB (2^30 bytes), 1 to 4096. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#ram_max_gb Vm#ram_max_gb}
  */
  readonly ramMaxGb?: number;
  /**
  * Public keys that may log in as the image's default user. Each: form: one line without control characters. A change is at worst next-boot: stored; takes effect at the next boot.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#ssh_keys Vm#ssh_keys}
  */
  readonly sshKeys?: string[];
  /**
  * How long a graceful stop may take before the VM is powered off. In seconds, 1 to 3600. Default: `60`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#stop_timeout_s Vm#stop_timeout_s}
  */
  readonly stopTimeoutS?: number;
  /**
  * Template of the agent (`ghost_template`) whose image the root disk is made from, where the VM names no image of its own. Form: the name of a template.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#template Vm#template}
  */
  readonly template?: string;
  /**
  * When to stop waiting for the agent. What it began goes on, and the message names the operation.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#timeouts Vm#timeouts}
  */
  readonly timeouts?: VmTimeouts;
  /**
  * Virtual processors. 1 to 512. Default: `1`. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#vcpu Vm#vcpu}
  */
  readonly vcpu?: number;
  /**
  * Headroom: up to this many virtual processors are added while the VM runs. 1 to 512. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#vcpu_max Vm#vcpu_max}
  */
  readonly vcpuMax?: number;
  /**
  * What must be seen of a started VM before its step is done. One of `none`, `ip`, `guest-agent`, `cloud-init`. Default: `none`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#wait_for Vm#wait_for}
  */
  readonly waitFor?: string;
  /**
  * How long wait_for waits. In seconds, 1 to 86400. Default: `300`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#wait_timeout_s Vm#wait_timeout_s}
  */
  readonly waitTimeoutS?: number;
}
export interface VmCloudInit {
  /**
  * Own network-config, version 2. A change is at worst next-boot: stored; takes effect at the next boot.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#network_config Vm#network_config}
  */
  readonly networkConfig?: string;
  /**
  * Packages to install. Each: form: one line without control characters. A change is at worst next-boot: stored; takes effect at the next boot.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#packages Vm#packages}
  */
  readonly packages?: string[];
  /**
  * Password of the image's default user. A change is at worst next-boot: stored; takes effect at the next boot. Terraform stores it nowhere; needs `password_wo_version`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#password_wo Vm#password_wo}
  */
  readonly passwordWo?: string;
  /**
  * Version of `password_wo`: raise it to apply a new value, which itself is never compared.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#password_wo_version Vm#password_wo_version}
  */
  readonly passwordWoVersion?: number;
  /**
  * Own user-data (cloud-config), merged last. At most 65536 characters. A change is at worst next-boot: stored; takes effect at the next boot.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#user_data Vm#user_data}
  */
  readonly userData?: string;
}

export function vmCloudInitToTerraform(struct?: VmCloudInit | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    network_config: cdktn.stringToTerraform(struct!.networkConfig),
    packages: cdktn.listMapper(cdktn.stringToTerraform, false)(struct!.packages),
    password_wo: cdktn.stringToTerraform(struct!.passwordWo),
    password_wo_version: cdktn.numberToTerraform(struct!.passwordWoVersion),
    user_data: cdktn.stringToTerraform(struct!.userData),
  }
}


export function vmCloudInitToHclTerraform(struct?: VmCloudInit | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    network_config: {
      value: cdktn.stringToHclTerraform(struct!.networkConfig),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    packages: {
      value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(struct!.packages),
      isBlock: false,
      type: "list",
      storageClassType: "stringList",
    },
    password_wo: {
      value: cdktn.stringToHclTerraform(struct!.passwordWo),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    password_wo_version: {
      value: cdktn.numberToHclTerraform(struct!.passwordWoVersion),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
    user_data: {
      value: cdktn.stringToHclTerraform(struct!.userData),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class VmCloudInitOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute, false);
  }

  public get internalValue(): VmCloudInit | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._networkConfig !== undefined) {
      hasAnyValues = true;
      internalValueResult.networkConfig = this._networkConfig;
    }
    if (this._packages !== undefined) {
      hasAnyValues = true;
      internalValueResult.packages = this._packages;
    }
    if (this._passwordWo !== undefined) {
      hasAnyValues = true;
      internalValueResult.passwordWo = this._passwordWo;
    }
    if (this._passwordWoVersion !== undefined) {
      hasAnyValues = true;
      internalValueResult.passwordWoVersion = this._passwordWoVersion;
    }
    if (this._userData !== undefined) {
      hasAnyValues = true;
      internalValueResult.userData = this._userData;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: VmCloudInit | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._networkConfig = undefined;
      this._packages = undefined;
      this._passwordWo = undefined;
      this._passwordWoVersion = undefined;
      this._userData = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._networkConfig = value.networkConfig;
      this._packages = value.packages;
      this._passwordWo = value.passwordWo;
      this._passwordWoVersion = value.passwordWoVersion;
      this._userData = value.userData;
    }
  }

  // network_config - computed: false, optional: true, required: false
  private _networkConfig?: string; 
  public get networkConfig() {
    return this.getStringAttribute('network_config');
  }
  public set networkConfig(value: string) {
    this._networkConfig = value;
  }
  public resetNetworkConfig() {
    this._networkConfig = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get networkConfigInput() {
    return this._networkConfig;
  }

  // packages - computed: false, optional: true, required: false
  private _packages?: string[]; 
  public get packages() {
    return this.getListAttribute('packages');
  }
  public set packages(value: string[]) {
    this._packages = value;
  }
  public resetPackages() {
    this._packages = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get packagesInput() {
    return this._packages;
  }

  // password_wo - computed: false, optional: true, required: false
  private _passwordWo?: string; 
  /**
  * @deprecated Write-only: the provider never returns this value; reading it always yields null by protocol contract. The getter remains for compatibility and will be removed in a future prebuilt-provider major.
  */
  public get passwordWo() {
    return this.getStringAttribute('password_wo');
  }
  public set passwordWo(value: string) {
    this._passwordWo = value;
  }
  public resetPasswordWo() {
    this._passwordWo = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get passwordWoInput() {
    return this._passwordWo;
  }

  // password_wo_version - computed: false, optional: true, required: false
  private _passwordWoVersion?: number; 
  public get passwordWoVersion() {
    return this.getNumberAttribute('password_wo_version');
  }
  public set passwordWoVersion(value: number) {
    this._passwordWoVersion = value;
  }
  public resetPasswordWoVersion() {
    this._passwordWoVersion = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get passwordWoVersionInput() {
    return this._passwordWoVersion;
  }

  // user_data - computed: false, optional: true, required: false
  private _userData?: string; 
  public get userData() {
    return this.getStringAttribute('user_data');
  }
  public set userData(value: string) {
    this._userData = value;
  }
  public resetUserData() {
    this._userData = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get userDataInput() {
    return this._userData;
  }
}
export interface VmDisks {
  /**
  * Size of the disk. In GiB (2^30 bytes), 1 to 65536. A change is at worst data-loss: the content of a disk is destroyed.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#size_gb Vm#size_gb}
  */
  readonly sizeGb: number;
}

export function vmDisksToTerraform(struct?: VmDisks | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    size_gb: cdktn.numberToTerraform(struct!.sizeGb),
  }
}


export function vmDisksToHclTerraform(struct?: VmDisks | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    size_gb: {
      value: cdktn.numberToHclTerraform(struct!.sizeGb),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class VmDisksOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  * @param complexObjectKey the key of this item in the map
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string, complexObjectKey: string) {
    super(terraformResource, terraformAttribute, false, complexObjectKey);
  }

  public get internalValue(): VmDisks | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._sizeGb !== undefined) {
      hasAnyValues = true;
      internalValueResult.sizeGb = this._sizeGb;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: VmDisks | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._sizeGb = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._sizeGb = value.sizeGb;
    }
  }

  // size_gb - computed: false, optional: false, required: true
  private _sizeGb?: number; 
  public get sizeGb() {
    return this.getNumberAttribute('size_gb');
  }
  public set sizeGb(value: number) {
    this._sizeGb = value;
  }
  // Temporarily expose input value. Use with caution.
  public get sizeGbInput() {
    return this._sizeGb;
  }
}

export class VmDisksMap extends cdktn.ComplexMap {
  public internalValue? : { [key: string]: VmDisks } | cdktn.IResolvable

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute);
  }

  /**
  * @param key the key of the item to return
  */
  public get(key: string): VmDisksOutputReference {
    return new VmDisksOutputReference(this.terraformResource, this.terraformAttribute, key);
  }
}
export interface VmDisruption {
  /**
  * The worst impact a plan may have on this VM; the agent holds it too. One of `none`, `next-boot`, `live`, `guest`, `restart`, `stop`, `replace`, `data-loss`. Default: `data-loss`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#allow Vm#allow}
  */
  readonly allow?: string;
}

export function vmDisruptionToTerraform(struct?: VmDisruption | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    allow: cdktn.stringToTerraform(struct!.allow),
  }
}


export function vmDisruptionToHclTerraform(struct?: VmDisruption | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    allow: {
      value: cdktn.stringToHclTerraform(struct!.allow),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class VmDisruptionOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute, false);
  }

  public get internalValue(): VmDisruption | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._allow !== undefined) {
      hasAnyValues = true;
      internalValueResult.allow = this._allow;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: VmDisruption | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._allow = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._allow = value.allow;
    }
  }

  // allow - computed: true, optional: true, required: false
  private _allow?: string; 
  public get allow() {
    return this.getStringAttribute('allow');
  }
  public set allow(value: string) {
    this._allow = value;
  }
  public resetAllow() {
    this._allow = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get allowInput() {
    return this._allow;
  }
}
export interface VmNetworks {
  /**
  * Bridge of the host, instead of a network. Form: an interface name of 1 to 15 characters. A change is at worst live: changed while the machine runs.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#bridge Vm#bridge}
  */
  readonly bridge?: string;
  /**
  * MAC address; derived from the VM and the card's name when it is not given. Form: a unicast MAC address in lower case, like 52:54:00:12:34:56. A change is at worst restart: the guest goes down and comes back.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#mac Vm#mac}
  */
  readonly mac?: string;
  /**
  * Network of the host that the card is plugged into; `user` is user-mode networking. Form: 1 to 63 letters, digits and . _ -. Default: `default`. A change is at worst live: changed while the machine runs.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#network Vm#network}
  */
  readonly network?: string;
}

export function vmNetworksToTerraform(struct?: VmNetworks | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    bridge: cdktn.stringToTerraform(struct!.bridge),
    mac: cdktn.stringToTerraform(struct!.mac),
    network: cdktn.stringToTerraform(struct!.network),
  }
}


export function vmNetworksToHclTerraform(struct?: VmNetworks | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    bridge: {
      value: cdktn.stringToHclTerraform(struct!.bridge),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    mac: {
      value: cdktn.stringToHclTerraform(struct!.mac),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    network: {
      value: cdktn.stringToHclTerraform(struct!.network),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class VmNetworksOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  * @param complexObjectKey the key of this item in the map
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string, complexObjectKey: string) {
    super(terraformResource, terraformAttribute, false, complexObjectKey);
  }

  public get internalValue(): VmNetworks | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._bridge !== undefined) {
      hasAnyValues = true;
      internalValueResult.bridge = this._bridge;
    }
    if (this._mac !== undefined) {
      hasAnyValues = true;
      internalValueResult.mac = this._mac;
    }
    if (this._network !== undefined) {
      hasAnyValues = true;
      internalValueResult.network = this._network;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: VmNetworks | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._bridge = undefined;
      this._mac = undefined;
      this._network = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._bridge = value.bridge;
      this._mac = value.mac;
      this._network = value.network;
    }
  }

  // bridge - computed: true, optional: true, required: false
  private _bridge?: string; 
  public get bridge() {
    return this.getStringAttribute('bridge');
  }
  public set bridge(value: string) {
    this._bridge = value;
  }
  public resetBridge() {
    this._bridge = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get bridgeInput() {
    return this._bridge;
  }

  // mac - computed: true, optional: true, required: false
  private _mac?: string; 
  public get mac() {
    return this.getStringAttribute('mac');
  }
  public set mac(value: string) {
    this._mac = value;
  }
  public resetMac() {
    this._mac = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get macInput() {
    return this._mac;
  }

  // network - computed: true, optional: true, required: false
  private _network?: string; 
  public get network() {
    return this.getStringAttribute('network');
  }
  public set network(value: string) {
    this._network = value;
  }
  public resetNetwork() {
    this._network = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get networkInput() {
    return this._network;
  }
}

export class VmNetworksMap extends cdktn.ComplexMap {
  public internalValue? : { [key: string]: VmNetworks } | cdktn.IResolvable

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute);
  }

  /**
  * @param key the key of the item to return
  */
  public get(key: string): VmNetworksOutputReference {
    return new VmNetworksOutputReference(this.terraformResource, this.terraformAttribute, key);
  }
}
export interface VmTimeouts {
  /**
  * How long making the VM may take, for example `30m`. No limit unless it is set.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#create Vm#create}
  */
  readonly create?: string;
  /**
  * How long deleting the VM may take. No limit unless it is set.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#delete Vm#delete}
  */
  readonly delete?: string;
  /**
  * How long a change may take. No limit unless it is set.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#update Vm#update}
  */
  readonly update?: string;
}

export function vmTimeoutsToTerraform(struct?: VmTimeouts | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  return {
    create: cdktn.stringToTerraform(struct!.create),
    delete: cdktn.stringToTerraform(struct!.delete),
    update: cdktn.stringToTerraform(struct!.update),
  }
}


export function vmTimeoutsToHclTerraform(struct?: VmTimeouts | cdktn.IResolvable): any {
  if (!cdktn.canInspect(struct) || cdktn.Tokenization.isResolvable(struct)) { return struct; }
  if (cdktn.isComplexElement(struct)) {
    throw new Error("A complex element was used as configuration, this is not supported: https://cdktn.io/docs/concepts/resources#references");
  }
  const attrs = {
    create: {
      value: cdktn.stringToHclTerraform(struct!.create),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    delete: {
      value: cdktn.stringToHclTerraform(struct!.delete),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    update: {
      value: cdktn.stringToHclTerraform(struct!.update),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };

  // remove undefined attributes
  return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined));
}

export class VmTimeoutsOutputReference extends cdktn.ComplexObject {
  private isEmptyObject = false;
  private resolvableValue?: cdktn.IResolvable;

  /**
  * @param terraformResource The parent resource
  * @param terraformAttribute The attribute on the parent resource this class is referencing
  */
  public constructor(terraformResource: cdktn.IInterpolatingParent, terraformAttribute: string) {
    super(terraformResource, terraformAttribute, false);
  }

  public get internalValue(): VmTimeouts | cdktn.IResolvable | undefined {
    if (this.resolvableValue) {
      return this.resolvableValue;
    }
    let hasAnyValues = this.isEmptyObject;
    const internalValueResult: any = {};
    if (this._create !== undefined) {
      hasAnyValues = true;
      internalValueResult.create = this._create;
    }
    if (this._delete !== undefined) {
      hasAnyValues = true;
      internalValueResult.delete = this._delete;
    }
    if (this._update !== undefined) {
      hasAnyValues = true;
      internalValueResult.update = this._update;
    }
    return hasAnyValues ? internalValueResult : undefined;
  }

  public set internalValue(value: VmTimeouts | cdktn.IResolvable | undefined) {
    if (value === undefined) {
      this.isEmptyObject = false;
      this.resolvableValue = undefined;
      this._create = undefined;
      this._delete = undefined;
      this._update = undefined;
    }
    else if (cdktn.Tokenization.isResolvable(value)) {
      this.isEmptyObject = false;
      this.resolvableValue = value;
    }
    else {
      this.isEmptyObject = Object.keys(value).length === 0;
      this.resolvableValue = undefined;
      this._create = value.create;
      this._delete = value.delete;
      this._update = value.update;
    }
  }

  // create - computed: false, optional: true, required: false
  private _create?: string; 
  public get create() {
    return this.getStringAttribute('create');
  }
  public set create(value: string) {
    this._create = value;
  }
  public resetCreate() {
    this._create = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get createInput() {
    return this._create;
  }

  // delete - computed: false, optional: true, required: false
  private _delete?: string; 
  public get delete() {
    return this.getStringAttribute('delete');
  }
  public set delete(value: string) {
    this._delete = value;
  }
  public resetDelete() {
    this._delete = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get deleteInput() {
    return this._delete;
  }

  // update - computed: false, optional: true, required: false
  private _update?: string; 
  public get update() {
    return this.getStringAttribute('update');
  }
  public set update(value: string) {
    this._update = value;
  }
  public resetUpdate() {
    this._update = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get updateInput() {
    return this._update;
  }
}

/**
* Represents a {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm ghost_vm}
*/
export class Vm extends cdktn.TerraformResource {

  // =================
  // STATIC PROPERTIES
  // =================
  public static readonly tfResourceType = "ghost_vm";

  // ==============
  // STATIC Methods
  // ==============
  /**
  * Generates CDKTN code for importing a Vm resource upon running "cdktn plan <stack-name>"
  * @param scope The scope in which to define this construct
  * @param importToId The construct id used in the generated config for the Vm to import
  * @param importFromId The id of the existing Vm that should be imported. Refer to the {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm#import import section} in the documentation of this resource for the id to use
  * @param provider? Optional instance of the provider where the Vm to import is found
  */
  public static generateConfigForImport(scope: Construct, importToId: string, importFromId: string, provider?: cdktn.TerraformProvider) {
        return new cdktn.ImportableResource(scope, importToId, { terraformResourceType: "ghost_vm", importId: importFromId, provider });
      }

  // ===========
  // INITIALIZER
  // ===========

  /**
  * Create a new {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/vm ghost_vm} Resource
  *
  * @param scope The scope in which to define this construct
  * @param id The scoped construct ID. Must be unique amongst siblings in the same scope
  * @param options VmConfig
  */
  public constructor(scope: Construct, id: string, config: VmConfig) {
    super(scope, id, {
      terraformResourceType: 'ghost_vm',
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
    this._accel = config.accel;
    this._adopt = config.adopt;
    this._agent = config.agent;
    this._autostart = config.autostart;
    this._cloudInit.internalValue = config.cloudInit;
    this._cloudInitOnChange = config.cloudInitOnChange;
    this._diskGb = config.diskGb;
    this._disks.internalValue = config.disks;
    this._disruption.internalValue = config.disruption;
    this._firmware = config.firmware;
    this._image = config.image;
    this._imageOnChange = config.imageOnChange;
    this._imagePath = config.imagePath;
    this._imageSha256 = config.imageSha256;
    this._imageUrl = config.imageUrl;
    this._labels = config.labels;
    this._machine = config.machine;
    this._metadata = config.metadata;
    this._name = config.name;
    this._networks.internalValue = config.networks;
    this._onRemove = config.onRemove;
    this._power = config.power;
    this._protect = config.protect;
    this._ramGb = config.ramGb;
    this._ramMaxGb = config.ramMaxGb;
    this._sshKeys = config.sshKeys;
    this._stopTimeoutS = config.stopTimeoutS;
    this._template = config.template;
    this._timeouts.internalValue = config.timeouts;
    this._vcpu = config.vcpu;
    this._vcpuMax = config.vcpuMax;
    this._waitFor = config.waitFor;
    this._waitTimeoutS = config.waitTimeoutS;
  }

  // ==========
  // ATTRIBUTES
  // ==========

  // accel - computed: true, optional: true, required: false
  private _accel?: string; 
  public get accel() {
    return this.getStringAttribute('accel');
  }
  public set accel(value: string) {
    this._accel = value;
  }
  public resetAccel() {
    this._accel = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get accelInput() {
    return this._accel;
  }

  // adopt - computed: true, optional: true, required: false
  private _adopt?: boolean | cdktn.IResolvable; 
  public get adopt() {
    return this.getBooleanAttribute('adopt');
  }
  public set adopt(value: boolean | cdktn.IResolvable) {
    this._adopt = value;
  }
  public resetAdopt() {
    this._adopt = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get adoptInput() {
    return this._adopt;
  }

  // adopted_from - computed: true, optional: false, required: false
  public get adoptedFrom() {
    return this.getStringAttribute('adopted_from');
  }

  // agent - computed: false, optional: false, required: true
  private _agent?: string; 
  public get agent() {
    return this.getStringAttribute('agent');
  }
  public set agent(value: string) {
    this._agent = value;
  }
  // Temporarily expose input value. Use with caution.
  public get agentInput() {
    return this._agent;
  }

  // autostart - computed: true, optional: true, required: false
  private _autostart?: boolean | cdktn.IResolvable; 
  public get autostart() {
    return this.getBooleanAttribute('autostart');
  }
  public set autostart(value: boolean | cdktn.IResolvable) {
    this._autostart = value;
  }
  public resetAutostart() {
    this._autostart = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get autostartInput() {
    return this._autostart;
  }

  // cloud_init - computed: false, optional: true, required: false
  private _cloudInit = new VmCloudInitOutputReference(this, "cloud_init");
  public get cloudInit() {
    return this._cloudInit;
  }
  public putCloudInit(value: VmCloudInit) {
    this._cloudInit.internalValue = value;
  }
  public resetCloudInit() {
    this._cloudInit.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get cloudInitInput() {
    return this._cloudInit.internalValue;
  }

  // cloud_init_on_change - computed: true, optional: true, required: false
  private _cloudInitOnChange?: string; 
  public get cloudInitOnChange() {
    return this.getStringAttribute('cloud_init_on_change');
  }
  public set cloudInitOnChange(value: string) {
    this._cloudInitOnChange = value;
  }
  public resetCloudInitOnChange() {
    this._cloudInitOnChange = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get cloudInitOnChangeInput() {
    return this._cloudInitOnChange;
  }

  // disk_gb - computed: true, optional: true, required: false
  private _diskGb?: number; 
  public get diskGb() {
    return this.getNumberAttribute('disk_gb');
  }
  public set diskGb(value: number) {
    this._diskGb = value;
  }
  public resetDiskGb() {
    this._diskGb = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get diskGbInput() {
    return this._diskGb;
  }

  // disks - computed: false, optional: true, required: false
  private _disks = new VmDisksMap(this, "disks");
  public get disks() {
    return this._disks;
  }
  public putDisks(value: { [key: string]: VmDisks } | cdktn.IResolvable) {
    this._disks.internalValue = value;
  }
  public resetDisks() {
    this._disks.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get disksInput() {
    return this._disks.internalValue;
  }

  // disruption - computed: true, optional: true, required: false
  private _disruption = new VmDisruptionOutputReference(this, "disruption");
  public get disruption() {
    return this._disruption;
  }
  public putDisruption(value: VmDisruption) {
    this._disruption.internalValue = value;
  }
  public resetDisruption() {
    this._disruption.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get disruptionInput() {
    return this._disruption.internalValue;
  }

  // firmware - computed: true, optional: true, required: false
  private _firmware?: string; 
  public get firmware() {
    return this.getStringAttribute('firmware');
  }
  public set firmware(value: string) {
    this._firmware = value;
  }
  public resetFirmware() {
    this._firmware = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get firmwareInput() {
    return this._firmware;
  }

  // image - computed: false, optional: true, required: false
  private _image?: string; 
  public get image() {
    return this.getStringAttribute('image');
  }
  public set image(value: string) {
    this._image = value;
  }
  public resetImage() {
    this._image = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get imageInput() {
    return this._image;
  }

  // image_digest - computed: true, optional: false, required: false
  public get imageDigest() {
    return this.getStringAttribute('image_digest');
  }

  // image_on_change - computed: true, optional: true, required: false
  private _imageOnChange?: string; 
  public get imageOnChange() {
    return this.getStringAttribute('image_on_change');
  }
  public set imageOnChange(value: string) {
    this._imageOnChange = value;
  }
  public resetImageOnChange() {
    this._imageOnChange = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get imageOnChangeInput() {
    return this._imageOnChange;
  }

  // image_path - computed: false, optional: true, required: false
  private _imagePath?: string; 
  public get imagePath() {
    return this.getStringAttribute('image_path');
  }
  public set imagePath(value: string) {
    this._imagePath = value;
  }
  public resetImagePath() {
    this._imagePath = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get imagePathInput() {
    return this._imagePath;
  }

  // image_sha256 - computed: false, optional: true, required: false
  private _imageSha256?: string; 
  public get imageSha256() {
    return this.getStringAttribute('image_sha256');
  }
  public set imageSha256(value: string) {
    this._imageSha256 = value;
  }
  public resetImageSha256() {
    this._imageSha256 = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get imageSha256Input() {
    return this._imageSha256;
  }

  // image_url - computed: false, optional: true, required: false
  private _imageUrl?: string; 
  public get imageUrl() {
    return this.getStringAttribute('image_url');
  }
  public set imageUrl(value: string) {
    this._imageUrl = value;
  }
  public resetImageUrl() {
    this._imageUrl = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get imageUrlInput() {
    return this._imageUrl;
  }

  // ip_address - computed: true, optional: false, required: false
  public get ipAddress() {
    return this.getStringAttribute('ip_address');
  }

  // labels - computed: false, optional: true, required: false
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

  // machine - computed: true, optional: true, required: false
  private _machine?: string; 
  public get machine() {
    return this.getStringAttribute('machine');
  }
  public set machine(value: string) {
    this._machine = value;
  }
  public resetMachine() {
    this._machine = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get machineInput() {
    return this._machine;
  }

  // metadata - computed: false, optional: true, required: false
  private _metadata?: { [key: string]: string }; 
  public get metadata() {
    return this.getStringMapAttribute('metadata');
  }
  public set metadata(value: { [key: string]: string }) {
    this._metadata = value;
  }
  public resetMetadata() {
    this._metadata = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get metadataInput() {
    return this._metadata;
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

  // networks - computed: true, optional: true, required: false
  private _networks = new VmNetworksMap(this, "networks");
  public get networks() {
    return this._networks;
  }
  public putNetworks(value: { [key: string]: VmNetworks } | cdktn.IResolvable) {
    this._networks.internalValue = value;
  }
  public resetNetworks() {
    this._networks.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get networksInput() {
    return this._networks.internalValue;
  }

  // on_remove - computed: true, optional: true, required: false
  private _onRemove?: string; 
  public get onRemove() {
    return this.getStringAttribute('on_remove');
  }
  public set onRemove(value: string) {
    this._onRemove = value;
  }
  public resetOnRemove() {
    this._onRemove = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get onRemoveInput() {
    return this._onRemove;
  }

  // owner - computed: true, optional: false, required: false
  public get owner() {
    return this.getStringAttribute('owner');
  }

  // planned_impact - computed: true, optional: false, required: false
  public get plannedImpact() {
    return this.getStringAttribute('planned_impact');
  }

  // power - computed: true, optional: true, required: false
  private _power?: string; 
  public get power() {
    return this.getStringAttribute('power');
  }
  public set power(value: string) {
    this._power = value;
  }
  public resetPower() {
    this._power = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get powerInput() {
    return this._power;
  }

  // protect - computed: true, optional: true, required: false
  private _protect?: boolean | cdktn.IResolvable; 
  public get protect() {
    return this.getBooleanAttribute('protect');
  }
  public set protect(value: boolean | cdktn.IResolvable) {
    this._protect = value;
  }
  public resetProtect() {
    this._protect = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get protectInput() {
    return this._protect;
  }

  // ram_gb - computed: true, optional: true, required: false
  private _ramGb?: number; 
  public get ramGb() {
    return this.getNumberAttribute('ram_gb');
  }
  public set ramGb(value: number) {
    this._ramGb = value;
  }
  public resetRamGb() {
    this._ramGb = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get ramGbInput() {
    return this._ramGb;
  }

  // ram_max_gb - computed: false, optional: true, required: false
  private _ramMaxGb?: number; 
  public get ramMaxGb() {
    return this.getNumberAttribute('ram_max_gb');
  }
  public set ramMaxGb(value: number) {
    this._ramMaxGb = value;
  }
  public resetRamMaxGb() {
    this._ramMaxGb = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get ramMaxGbInput() {
    return this._ramMaxGb;
  }

  // ssh_keys - computed: false, optional: true, required: false
  private _sshKeys?: string[]; 
  public get sshKeys() {
    return this.getListAttribute('ssh_keys');
  }
  public set sshKeys(value: string[]) {
    this._sshKeys = value;
  }
  public resetSshKeys() {
    this._sshKeys = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get sshKeysInput() {
    return this._sshKeys;
  }

  // status - computed: true, optional: false, required: false
  public get status() {
    return this.getStringAttribute('status');
  }

  // stop_timeout_s - computed: true, optional: true, required: false
  private _stopTimeoutS?: number; 
  public get stopTimeoutS() {
    return this.getNumberAttribute('stop_timeout_s');
  }
  public set stopTimeoutS(value: number) {
    this._stopTimeoutS = value;
  }
  public resetStopTimeoutS() {
    this._stopTimeoutS = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get stopTimeoutSInput() {
    return this._stopTimeoutS;
  }

  // template - computed: false, optional: true, required: false
  private _template?: string; 
  public get template() {
    return this.getStringAttribute('template');
  }
  public set template(value: string) {
    this._template = value;
  }
  public resetTemplate() {
    this._template = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get templateInput() {
    return this._template;
  }

  // timeouts - computed: false, optional: true, required: false
  private _timeouts = new VmTimeoutsOutputReference(this, "timeouts");
  public get timeouts() {
    return this._timeouts;
  }
  public putTimeouts(value: VmTimeouts) {
    this._timeouts.internalValue = value;
  }
  public resetTimeouts() {
    this._timeouts.internalValue = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get timeoutsInput() {
    return this._timeouts.internalValue;
  }

  // uid - computed: true, optional: false, required: false
  public get uid() {
    return this.getStringAttribute('uid');
  }

  // vcpu - computed: true, optional: true, required: false
  private _vcpu?: number; 
  public get vcpu() {
    return this.getNumberAttribute('vcpu');
  }
  public set vcpu(value: number) {
    this._vcpu = value;
  }
  public resetVcpu() {
    this._vcpu = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get vcpuInput() {
    return this._vcpu;
  }

  // vcpu_max - computed: false, optional: true, required: false
  private _vcpuMax?: number; 
  public get vcpuMax() {
    return this.getNumberAttribute('vcpu_max');
  }
  public set vcpuMax(value: number) {
    this._vcpuMax = value;
  }
  public resetVcpuMax() {
    this._vcpuMax = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get vcpuMaxInput() {
    return this._vcpuMax;
  }

  // wait_for - computed: true, optional: true, required: false
  private _waitFor?: string; 
  public get waitFor() {
    return this.getStringAttribute('wait_for');
  }
  public set waitFor(value: string) {
    this._waitFor = value;
  }
  public resetWaitFor() {
    this._waitFor = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get waitForInput() {
    return this._waitFor;
  }

  // wait_timeout_s - computed: true, optional: true, required: false
  private _waitTimeoutS?: number; 
  public get waitTimeoutS() {
    return this.getNumberAttribute('wait_timeout_s');
  }
  public set waitTimeoutS(value: number) {
    this._waitTimeoutS = value;
  }
  public resetWaitTimeoutS() {
    this._waitTimeoutS = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get waitTimeoutSInput() {
    return this._waitTimeoutS;
  }

  // =========
  // SYNTHESIS
  // =========

  protected synthesizeAttributes(): { [name: string]: any } {
    return {
      accel: cdktn.stringToTerraform(this._accel),
      adopt: cdktn.booleanToTerraform(this._adopt),
      agent: cdktn.stringToTerraform(this._agent),
      autostart: cdktn.booleanToTerraform(this._autostart),
      cloud_init: vmCloudInitToTerraform(this._cloudInit.internalValue),
      cloud_init_on_change: cdktn.stringToTerraform(this._cloudInitOnChange),
      disk_gb: cdktn.numberToTerraform(this._diskGb),
      disks: cdktn.hashMapper(vmDisksToTerraform)(this._disks.internalValue),
      disruption: vmDisruptionToTerraform(this._disruption.internalValue),
      firmware: cdktn.stringToTerraform(this._firmware),
      image: cdktn.stringToTerraform(this._image),
      image_on_change: cdktn.stringToTerraform(this._imageOnChange),
      image_path: cdktn.stringToTerraform(this._imagePath),
      image_sha256: cdktn.stringToTerraform(this._imageSha256),
      image_url: cdktn.stringToTerraform(this._imageUrl),
      labels: cdktn.hashMapper(cdktn.stringToTerraform)(this._labels),
      machine: cdktn.stringToTerraform(this._machine),
      metadata: cdktn.hashMapper(cdktn.stringToTerraform)(this._metadata),
      name: cdktn.stringToTerraform(this._name),
      networks: cdktn.hashMapper(vmNetworksToTerraform)(this._networks.internalValue),
      on_remove: cdktn.stringToTerraform(this._onRemove),
      power: cdktn.stringToTerraform(this._power),
      protect: cdktn.booleanToTerraform(this._protect),
      ram_gb: cdktn.numberToTerraform(this._ramGb),
      ram_max_gb: cdktn.numberToTerraform(this._ramMaxGb),
      ssh_keys: cdktn.listMapper(cdktn.stringToTerraform, false)(this._sshKeys),
      stop_timeout_s: cdktn.numberToTerraform(this._stopTimeoutS),
      template: cdktn.stringToTerraform(this._template),
      timeouts: vmTimeoutsToTerraform(this._timeouts.internalValue),
      vcpu: cdktn.numberToTerraform(this._vcpu),
      vcpu_max: cdktn.numberToTerraform(this._vcpuMax),
      wait_for: cdktn.stringToTerraform(this._waitFor),
      wait_timeout_s: cdktn.numberToTerraform(this._waitTimeoutS),
    };
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      accel: {
        value: cdktn.stringToHclTerraform(this._accel),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      adopt: {
        value: cdktn.booleanToHclTerraform(this._adopt),
        isBlock: false,
        type: "simple",
        storageClassType: "boolean",
      },
      agent: {
        value: cdktn.stringToHclTerraform(this._agent),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      autostart: {
        value: cdktn.booleanToHclTerraform(this._autostart),
        isBlock: false,
        type: "simple",
        storageClassType: "boolean",
      },
      cloud_init: {
        value: vmCloudInitToHclTerraform(this._cloudInit.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "VmCloudInit",
      },
      cloud_init_on_change: {
        value: cdktn.stringToHclTerraform(this._cloudInitOnChange),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      disk_gb: {
        value: cdktn.numberToHclTerraform(this._diskGb),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      disks: {
        value: cdktn.hashMapperHcl(vmDisksToHclTerraform)(this._disks.internalValue),
        isBlock: true,
        type: "map",
        storageClassType: "VmDisksMap",
      },
      disruption: {
        value: vmDisruptionToHclTerraform(this._disruption.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "VmDisruption",
      },
      firmware: {
        value: cdktn.stringToHclTerraform(this._firmware),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image: {
        value: cdktn.stringToHclTerraform(this._image),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_on_change: {
        value: cdktn.stringToHclTerraform(this._imageOnChange),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_path: {
        value: cdktn.stringToHclTerraform(this._imagePath),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_sha256: {
        value: cdktn.stringToHclTerraform(this._imageSha256),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_url: {
        value: cdktn.stringToHclTerraform(this._imageUrl),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      labels: {
        value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(this._labels),
        isBlock: false,
        type: "map",
        storageClassType: "stringMap",
      },
      machine: {
        value: cdktn.stringToHclTerraform(this._machine),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      metadata: {
        value: cdktn.hashMapperHcl(cdktn.stringToHclTerraform)(this._metadata),
        isBlock: false,
        type: "map",
        storageClassType: "stringMap",
      },
      name: {
        value: cdktn.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      networks: {
        value: cdktn.hashMapperHcl(vmNetworksToHclTerraform)(this._networks.internalValue),
        isBlock: true,
        type: "map",
        storageClassType: "VmNetworksMap",
      },
      on_remove: {
        value: cdktn.stringToHclTerraform(this._onRemove),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      power: {
        value: cdktn.stringToHclTerraform(this._power),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      protect: {
        value: cdktn.booleanToHclTerraform(this._protect),
        isBlock: false,
        type: "simple",
        storageClassType: "boolean",
      },
      ram_gb: {
        value: cdktn.numberToHclTerraform(this._ramGb),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      ram_max_gb: {
        value: cdktn.numberToHclTerraform(this._ramMaxGb),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      ssh_keys: {
        value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(this._sshKeys),
        isBlock: false,
        type: "list",
        storageClassType: "stringList",
      },
      stop_timeout_s: {
        value: cdktn.numberToHclTerraform(this._stopTimeoutS),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      template: {
        value: cdktn.stringToHclTerraform(this._template),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      timeouts: {
        value: vmTimeoutsToHclTerraform(this._timeouts.internalValue),
        isBlock: true,
        type: "struct",
        storageClassType: "VmTimeouts",
      },
      vcpu: {
        value: cdktn.numberToHclTerraform(this._vcpu),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      vcpu_max: {
        value: cdktn.numberToHclTerraform(this._vcpuMax),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
      wait_for: {
        value: cdktn.stringToHclTerraform(this._waitFor),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      wait_timeout_s: {
        value: cdktn.numberToHclTerraform(this._waitTimeoutS),
        isBlock: false,
        type: "simple",
        storageClassType: "number",
      },
    };

    // remove undefined attributes
    return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined ))
  }
}
