export {canonicalJson} from './canonical-json';
export {type Checkpoint, type OpenedCheckpoint, openCheckpoint} from './checkpoint';
export type {EntryJudge, OlderTree} from './entry-judge';
export {type EntryProof, parseEntryProof} from './entry-proof';
export {type ExaminedEntry, examineEntry} from './examine-entry';
export {
  FINDING_KINDS,
  type Finding,
  type FindingKind,
  Findings,
  type LeafRange,
  type Verdict,
} from './findings';
export {GatheredJudge, type GatheredJudgeOptions} from './gathered-judge';
export {judgeCheckpoint, splitNotes} from './judge-checkpoint';
export {type Commitments, commitmentsOf, ERASABLE, leafData, leafHash, leafOf} from './leaf';
export type {LeafStore} from './leaf-store';
export {type ProvableTree, ProvedTiles} from './proved-tiles';
export {type LogReport, logReport} from './report';
export {type NoteVerdict, type NoteVerifier, parseVerifierKey} from './signed-note';
export {parseTilePath, type TileSpan, tilePath} from './tile';
export {TiledJudge, type TiledJudgeOptions} from './tiled-judge';
export {type ReadTiles, rootFromTiles} from './tree-reader';
export {type EntryVerdict, verifyEntry} from './verify-entry';
export {isConsistent, rootFromInclusion} from './verify-proof';
