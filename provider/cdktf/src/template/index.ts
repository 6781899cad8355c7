// https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template
// generated from terraform resource schema

import { Construct } from 'constructs';
import * as cdktf from 'cdktf';

// Configuration

export interface TemplateConfig extends cdktf.TerraformMetaArguments {
  /**
  * Take over a template of this name that belongs to nobody or to someone else. Default: `false`.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#adopt Template#adopt}
  */
  readonly adopt?: boolean | cdktf.IResolvable;
  /**
  * The agent that keeps the template. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#agent Template#agent}
  */
  readonly agent: string;
  /**
  * Catalogue name of the image; resolved to a digest when the template is made, and pinned there. Form: 1 to 63 lower-case letters, digits and . _ -.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#image Template#image}
  */
  readonly image?: string;
  /**
  * Path of an image on the agent's host. Form: an absolute path.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#image_path Template#image_path}
  */
  readonly imagePath?: string;
  /**
  * SHA-256 digest of the image at image_url or image_path. Form: 64 lower-case hexadecimal digits.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#image_sha256 Template#image_sha256}
  */
  readonly imageSha256?: string;
  /**
  * Address of an image outside the catalogue; needs image_sha256. Form: an http or https address.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#image_url Template#image_url}
  */
  readonly imageUrl?: string;
  /**
  * Name, unique on its agent; what a VM says as its `template`. Form: 1 to 63 characters: lower-case letters, digits and inner hyphens, starting with a letter.
  *
  * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#name Template#name}
  */
  readonly name: string;
}

/**
* Represents a {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template ghost_template}
*/
export class Template extends cdktf.TerraformResource {

  // =================
  // STATIC PROPERTIES
  // =================
  public static readonly tfResourceType = "ghost_template";

  // ==============
  // STATIC Methods
  // ==============
  /**
  * Generates CDKTF code for importing a Template resource upon running "cdktf plan <stack-name>"
  * @param scope The scope in which to define this construct
  * @param importToId The construct id used in the generated config for the Template to import
  * @param importFromId The id of the existing Template that should be imported. Refer to the {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template#import import section} in the documentation of this resource for the id to use
  * @param provider? Optional instance of the provider where the Template to import is found
  */
  public static generateConfigForImport(scope: Construct, importToId: string, importFromId: string, provider?: cdktf.TerraformProvider) {
        return new cdktf.ImportableResource(scope, importToId, { terraformResourceType: "ghost_template", importId: importFromId, provider });
      }

  // ===========
  // INITIALIZER
  // ===========

  /**
  * Create a new {@link https://registry.terraform.io/providers/ghost-vm/ghost/0.1.0/docs/resources/template ghost_template} Resource
  *
  * @param scope The scope in which to define this construct
  * @param id The scoped construct ID. Must be unique amongst siblings in the same scope
  * @param options TemplateConfig
  */
  public constructor(scope: Construct, id: string, config: TemplateConfig) {
    super(scope, id, {
      terraformResourceType: 'ghost_template',
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
    this._adopt = config.adopt;
    this._agent = config.agent;
    this._image = config.image;
    this._imagePath = config.imagePath;
    this._imageSha256 = config.imageSha256;
    this._imageUrl = config.imageUrl;
    this._name = config.name;
  }

  // ==========
  // ATTRIBUTES
  // ==========

  // adopt - computed: true, optional: true, required: false
  private _adopt?: boolean | cdktf.IResolvable; 
  public get adopt() {
    return this.getBooleanAttribute('adopt');
  }
  public set adopt(value: boolean | cdktf.IResolvable) {
    this._adopt = value;
  }
  public resetAdopt() {
    this._adopt = undefined;
  }
  // Temporarily expose input value. Use with caution.
  public get adoptInput() {
    return this._adopt;
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

  // digest - computed: true, optional: false, required: false
  public get digest() {
    return this.getStringAttribute('digest');
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

  // owner - computed: true, optional: false, required: false
  public get owner() {
    return this.getStringAttribute('owner');
  }

  // size_bytes - computed: true, optional: false, required: false
  public get sizeBytes() {
    return this.getNumberAttribute('size_bytes');
  }

  // uid - computed: true, optional: false, required: false
  public get uid() {
    return this.getStringAttribute('uid');
  }

  // =========
  // SYNTHESIS
  // =========

  protected synthesizeAttributes(): { [name: string]: any } {
    return {
      adopt: cdktf.booleanToTerraform(this._adopt),
      agent: cdktf.stringToTerraform(this._agent),
      image: cdktf.stringToTerraform(this._image),
      image_path: cdktf.stringToTerraform(this._imagePath),
      image_sha256: cdktf.stringToTerraform(this._imageSha256),
      image_url: cdktf.stringToTerraform(this._imageUrl),
      name: cdktf.stringToTerraform(this._name),
    };
  }

  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      adopt: {
        value: cdktf.booleanToHclTerraform(this._adopt),
        isBlock: false,
        type: "simple",
        storageClassType: "boolean",
      },
      agent: {
        value: cdktf.stringToHclTerraform(this._agent),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image: {
        value: cdktf.stringToHclTerraform(this._image),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_path: {
        value: cdktf.stringToHclTerraform(this._imagePath),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_sha256: {
        value: cdktf.stringToHclTerraform(this._imageSha256),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      image_url: {
        value: cdktf.stringToHclTerraform(this._imageUrl),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      name: {
        value: cdktf.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
    };

    // remove undefined attributes
    return Object.fromEntries(Object.entries(attrs).filter(([_, value]) => value !== undefined && value.value !== undefined ))
  }
}
