export { formatArn, LOCAL_PLACE, looksLikeArtifactArn, parseArn, samePlace } from './arn.ts';
export type { ArtifactArn, DefiniteArn, DomainPlace } from './arn.ts';
export { keyOf, readBlob, readRestOfBlob } from './blob.ts';
export type { Arrival, BlobName } from './blob.ts';
export type { Chance } from './chance.ts';
export type { PlanItem } from './collecting/item.ts';
export { summaryOf } from './collecting/plan-summary.ts';
export type { PlanResult, PlanSummary } from './collecting/plan-summary.ts';
export type { ContentOutcome, ContentResult, RunResult } from './collecting/run-result.ts';
export { findPlans, requireItems, requirePlan } from './collecting/stored-plan.ts';
export type { Plan } from './collecting/stored-plan.ts';
export { bytesOf, contentOf } from './content.ts';
export { contentStoreOf, placeOfKey } from './contents.ts';
export type { Content } from './content.ts';
export { ownKeeper } from './deletion.ts';
export type { Deletion } from './deletion.ts';
export { digestFromBase64, digestToBase64, isDigest, parseDigest, sha256 } from './digest.ts';
export type { Digest } from './digest.ts';
export { establishDomain, findDomain, requireAt } from './domain.ts';
export type { Descriptor, Domain, DomainParts } from './domain.ts';
export { ArtifactError, ArtifactErrors, hasCode } from './error.ts';
export type { ArtifactErrorCode, SourcePlace } from './error.ts';
export { noEvidence } from './evidence/none.ts';
export type { Finding } from './audit/audit.ts';
export type { VersionUser } from './deleting/users.ts';
export { listHolders } from './holders.ts';
export { QUARANTINE_DAYS } from './collecting/quarantine.ts';
export type { Keeper } from './keeper.ts';
export type { DeletedContent, DeletedVersion, UndeletedVersion } from './keeping/deletion.ts';
export { remoteKeeper, runToEnd } from './asking/ask.ts';
export type { AskKeeper, KeeperAnswer, KeeperCommand } from './asking/command.ts';
export type { Provenance } from './manifest.ts';
export { formatArtifactName, parseArtifactName, parseId, parseRepository, parseSelector } from './name.ts';
export type { ArtifactName, Selection, Selector } from './name.ts';
export { objectKey } from './object-store.ts';
export type {
  Incarnation,
  ListedObject,
  ListOptions,
  ObjectAttributes,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  Revision,
  StoredObject,
} from './object-store.ts';
export { parseConsumer } from './named.ts';
export type { NamedReference, RemovedReference } from './named.ts';
export { planVersion, publishAssets, publishVersion } from './publish.ts';
export type { Publication, PublishedAsset, VersionPublication, VersionToPublish } from './publish.ts';
export type { AssetToPublish } from './part.ts';
export { listPromotions } from './promoting/history.ts';
export type { PromotionStep } from './promoting/history.ts';
export { holdSources } from './promoting/hold.ts';
export type { HeldSource } from './promoting/hold.ts';
export { planPromotion, promote } from './promoting/promote.ts';
export type { PromotedVersion, PromotionPlan, PromotionResult } from './promoting/promote.ts';
export { readPromotion } from './promoting/record.ts';
export type { Promotion, PromotionEvidence, PromotionItem } from './promoting/record.ts';
export type { ItemToPromote, PromotionRequest } from './promoting/request.ts';
export type { OpenContent, Publishable } from './publishable.ts';
export { resolve, resolveManifest, resolveWhole } from './resolve.ts';
export type { Resolution } from './resolution.ts';
export {
  bucketOf,
  createRepository,
  listRepositories,
  readRepository,
  requireRepository,
  updateRepository,
  writeSettings,
} from './repositories.ts';
export type { Origin, Repository } from './repositories.ts';
export { NO_SETTINGS, parseRules, readSettings } from './settings.ts';
export type { LifecycleRule, RepositoryRecord, Rules, Settings } from './settings.ts';
export type { SettingsProblem } from './settings-problems.ts';
export { isStackName, parseStackId } from './stack-id.ts';
export type { StackName } from './stack-id.ts';
export { readStatus, refusedReference, takesNoReferences, UNDELETE } from './status.ts';
export type { Status } from './status.ts';
export { findUploadedBlob, uploadBlob } from './uploaded-blob.ts';
export { isByHand, listStackIds, listUnused, listUsedBy, listUsers } from './usage.ts';
export type { Consumer, Subject, UnusedVersion, Usage } from './usage.ts';
export { isLeftToSee } from './verifying/finding.ts';
export type { VerifyFinding, VerifyKind } from './verifying/finding.ts';
export {
  contentAssets,
  findNewest,
  listArtifacts,
  listVersionNumbers,
  newestNumber,
  readManifest,
  readVersion,
} from './version.ts';
export type { Asset, AssetSet, ListedArtifact, Manifest, Version } from './version.ts';
