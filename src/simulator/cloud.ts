import type { CloudOptions } from './options.js';
import type { TokenStore } from './tokens.js';
import type { World } from './world.js';

/** What the services share. */
export interface Cloud {
  world: World;
  tokens: TokenStore;
  options: CloudOptions;
}
