// generated from provider function schema

import * as cdktn from 'cdktn';

/**
* Provider-defined functions of the ghost provider.
*/
export class GhostProviderFunctions {
  private readonly providerLocalName: string;

  /**
  * @param providerLocalName The local name of the provider in required_providers; defaults to the registry short name. Override when the provider is declared under a different local name — aliases do not change the namespace, local names do.
  */
  constructor(providerLocalName: string) {
    this.providerLocalName = providerLocalName;
  }

  /**
  * Reads a Ghost spec and gives what it asks for: `stack`, `agents` by name and `vms` by name, with templates, variables and replicas resolved (`web` with two replicas gives `web-1` and `web-2`). Each of `vms` has every argument of `ghost_vm`, null where nothing is set, so a reviewed file can be the source of a `for_each`; `agents` fits the provider's block as it is.
  * 
  * The environment is not read: `${env.X}` in the spec is an error, and variables come from the arguments behind the text. Relative paths start at the folder in which Terraform runs.
  * 
  * A secret stays where it is: of `password: { secret: env:X, version: 2 }` the object has `password_wo_version = 2` and `password_wo = null`. `depends_on`, `replicas` and `previous_names` have their counterparts in Terraform (`depends_on`, `for_each`, `moved`) and are left out.
  * @param {string} text - The spec: `file("ghost.yaml")`.
  * @param {Array<{ [key: string]: string }>} variables - Values of the spec's variables by name: `{ web_count = 3 }`. Of several maps the last that has a name counts.
  * @returns {object}
  */
  public parseSpec(text: string, variables: Array<{ [key: string]: string }>): cdktn.IResolvable {
    return cdktn.TerraformProviderFunction.invoke(this.providerLocalName, "parse_spec", [text, ...variables]);
  }

  /**
  * Gives the text that Ghost makes of a VM's `ssh_keys` and `cloud_init`: to look at it in a plan or an output, or to hand it to a machine that Ghost does not make. The same values give the same text.
  * 
  * `user_data` is merged last. Where it and another value set the same key, maps are joined key by key, lists are the other value's items with those of `user_data` behind (nothing twice), and of everything else `user_data` counts. When it is no cloud-config but a script (`#!`) or another form that cloud-init tells by its first line, the result is a multi-part text of both.
  * 
  * A password is in the result in plain text, and so in the state of whatever is given it: for a VM of Ghost use `password_wo`, which is stored nowhere. Top-level SSH keys are for the image's default user, which is only there if own `users` list `default` too.
  * @param {any} setup - An object with any of `hostname`, `packages`, `ssh_keys`, `user_data` and `password`. Null is the same as leaving it out.
  * @returns {string}
  */
  public renderCloudInit(setup: any): string {
    return cdktn.Token.asString(cdktn.TerraformProviderFunction.invoke(this.providerLocalName, "render_cloud_init", [setup]));
  }
}
