import type { Domain } from '../domain.ts';
import type { Announce } from '../event.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Homes } from '../home/home.ts';
import type { AskRam } from '../sharing/follow.ts';
import type { DomainPolicies } from '../sharing/targets.ts';

/** What a keeper works with. */
export interface Keeping {
  /** Its store may write and remove everything: whoever keeps a domain does what others have to ask for. */
  readonly domain: Domain;
  readonly evidence: Evidence;
  /** Other domains, as far as its rights go. Absent: none is known. */
  readonly homes?: Homes;
  /** AWS RAM, and the policies that follow it. Absent: nobody follows it. */
  readonly following?: Following;
  /** Asked after each step: whether the answer has to go out. */
  readonly isTimeUp: () => boolean;
  /** Told of what a command that nobody waits for has found: Findings of an audit, items that a collection could not look at or carry out. */
  readonly report?: (finding: object) => void;
  /** What it does every day. Absent: as usual. */
  readonly schedule?: Schedule;
  /** Handed what happens in the domain, in parts, and last before the answer. Absent: nobody is told. */
  readonly announce?: Announce;
  /** Under which whoever asked finds the invocation; events tell it. */
  readonly requestId?: string;
}

/** How a keeper follows AWS RAM. */
export interface Following {
  readonly ask: AskRam;
  readonly policies: DomainPolicies;
}

/** What a domain's keeper does every day by itself. */
export interface Schedule {
  /** Compares references with what is deployed, and heals them. */
  readonly audit: 'daily' | 'off';
  /** Finds out what could go; `on`: and deletes it. */
  readonly collect: 'off' | 'plan' | 'on';
}
