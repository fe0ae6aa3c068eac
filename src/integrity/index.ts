export {canonicalJson} from './canonical-json';
export {type Checkpoint, type OpenedCheckpoint, openCheckpoint} from './checkpoint';
export {type EntryProof, parseEntryProof} from './entry-proof';
export {type Commitments, commitmentsOf, ERASABLE, leafData, leafHash, leafOf} from './leaf';
export {type NoteVerdict, type NoteVerifier, parseVerifierKey} from './signed-note';
export {parseTilePath, type TileSpan, tilePath} from './tile';
export {type ReadTiles, rootFromTiles} from './tree-reader';
export {type EntryVerdict, verifyEntry} from './verify-entry';
export {isConsistent, rootFromInclusion} from './verify-proof';
