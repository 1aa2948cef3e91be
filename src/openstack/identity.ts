/**
 * Keystone v3 on the wire. Source: OpenStack Identity API v3, "Authentication and token management" and
 * "Projects"; checked against Keystone 22.
 */
import { z } from 'zod';

import { CollectError } from '../errors.js';
import type { HttpAnswer } from '../http/request.js';
import { Secret } from '../secret.js';
import type { CatalogService } from './catalog.js';
import { parseAnswer, time } from './parse.js';

/* In the bodies here Secrets are Secrets still: they become text when they are sent. */

export interface PasswordLogin {
  user: string;
  password: Secret;
  /** Of the user and of the project. */
  domainId: string;
  project: string;
}

export function passwordBody({ user, password, domainId, project }: PasswordLogin): unknown {
  return {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: user, domain: { id: domainId }, password } },
      },
      scope: { project: { name: project, domain: { id: domainId } } },
    },
  };
}

/** A scope is refused beside it: the token is of the project that the credential was made in. */
export function applicationBody(id: string, secret: Secret): unknown {
  return {
    auth: {
      identity: {
        methods: ['application_credential'],
        application_credential: { id, secret },
      },
    },
  };
}

/** Exchanges a token for one of another project; the new one keeps the first one's end. */
export function rescopeBody(token: Secret, projectId: string): unknown {
  return {
    auth: {
      identity: { methods: ['token'], token: { id: token } },
      scope: { project: { id: projectId } },
    },
  };
}

export interface IssuedToken {
  secret: Secret;
  /** Milliseconds it is good for, by the cloud's own clock: ours may be minutes off. */
  lifeMs: number;
  /** Milliseconds since the epoch, by Keystone's clock. */
  issuedAt: number;
  projectId: string;
  /** Domain of the project; null where the answer does not say it. */
  domainId: string | null;
  /** Empty in answers to `?nocatalog`. */
  catalog: CatalogService[];
}

const tokenSchema = z.object({
  token: z.object({
    expires_at: time,
    issued_at: time,
    project: z.object({ id: z.string().min(1), domain: z.object({ id: z.string() }).nullish() }),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z
            .array(
              z.object({
                interface: z.string(),
                url: z.string(),
                region: z.string().nullish(),
                region_id: z.string().nullish(),
              }),
            )
            .default([]),
        }),
      )
      .default([]),
  }),
});

/** The answer to a login or a rescope; the token itself is in the header `X-Subject-Token`. */
export function parseToken({ json, header }: HttpAnswer): IssuedToken {
  const { token } = parseAnswer(tokenSchema, json(), 'token');
  const secret = header('x-subject-token');
  if (!secret) throw new CollectError('bad_response', 'token: the answer has no X-Subject-Token header');
  return {
    secret: new Secret(secret),
    issuedAt: token.issued_at,
    lifeMs: token.expires_at - token.issued_at,
    projectId: token.project.id,
    domainId: token.project.domain?.id ?? null,
    catalog: token.catalog.map(({ type, endpoints }) => ({
      type,
      endpoints: endpoints.map((e) => ({
        interface: e.interface,
        url: e.url,
        region: e.region_id ?? e.region ?? null,
      })),
    })),
  };
}

export interface Project {
  id: string;
  name: string;
  enabled: boolean;
  /** null for a project that acts as a domain. */
  domainId: string | null;
}

export interface ProjectPage {
  projects: Project[];
  /** Keystone cut the list at its `list_limit`, and offers no way to the rest. */
  truncated: boolean;
  /** Query of the next page, from Keystone 2025.1 on. */
  next: URLSearchParams | null;
}

const projectsSchema = z.object({
  projects: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      enabled: z.boolean().default(true),
      domain_id: z.string().nullable(),
    }),
  ),
  truncated: z.boolean().optional(),
  links: z.object({ next: z.string().nullish() }).optional(),
});

/** `GET /v3/projects` and `GET /v3/auth/projects`. */
export function parseProjects({ json }: HttpAnswer): ProjectPage {
  const { projects, truncated, links } = parseAnswer(projectsSchema, json(), 'projects');
  return {
    projects: projects.map((p) => ({ id: p.id, name: p.name, enabled: p.enabled, domainId: p.domain_id })),
    truncated: truncated ?? false,
    next: links?.next ? queryOf(links.next) : null,
  };
}

/** Only the query of a next link is used: behind a proxy its scheme and host may be wrong. */
export function queryOf(href: string): URLSearchParams {
  const query = href.indexOf('?');
  return new URLSearchParams(query < 0 ? '' : href.slice(query + 1));
}
