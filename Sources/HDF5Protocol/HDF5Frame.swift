/// The frames in which `tare` and `tare-hdf5` talk (`formats/hdf5.md`, "The protocol").
///
/// A frame is its kind in a byte, the length of its payload in four, little-endian, and the payload.
package enum HDF5Frame: UInt8, Sendable {
  /// From the helper, first: the protocol's version, and that of libhdf5.
  case hello = 1
  /// A group, a dataset or a named type.
  case object = 2
  /// Chunks of the dataset before it.
  case chunks = 3
  /// A link that is no object of its own.
  case link = 4
  /// The end of a catalogue.
  case end = 5
  /// Why a request could not be met.
  case failure = 6
  /// The decoded elements of a chunk.
  case bytes = 7
  /// To the helper: asks for the catalogue.
  case wantsCatalogue = 16
  /// To the helper: asks for the elements of a chunk.
  case wantsChunk = 17

  package static let version = 1
  /// Bytes in front of a payload.
  package static let headBytes = 5
}

/// What the helper says at most, and what its parent believes at most.
package enum HDF5Limits {
  /// Bytes of a frame's payload, but for one of decoded elements.
  package static let frameBytes = 48 << 20
  /// Bytes of the elements of a chunk that is decoded.
  package static let chunkBytes = 256 << 20
  /// Bytes of a catalogue.
  package static let catalogueBytes = 256 << 20
  /// Bytes of the values of one attribute, and of all.
  package static let attributeBytes = 32 << 20
  package static let attributeBytesTogether = 96 << 20
  /// Links of all groups together.
  package static let links = 1_000_000
  /// Groups in each other.
  package static let depth = 64
  /// Types in each other.
  package static let typeDepth = 16
  /// Members of a compound type or an enumeration.
  package static let members = 65_536
  package static let rank = 32
  package static let filters = 32
  /// Chunks in one frame.
  package static let chunksPerFrame = 65_536
}
