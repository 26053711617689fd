public import TensorModel

/// What an archive of Keras holds beside the weights.
public struct KerasEnvelope: Sendable {
  package struct Member: Sendable {
    package var name: String
    package var bytes: [UInt8]
  }

  /// Why an archive's other members are no part of a model.
  package static let omission = "another member of the archive"

  /// The name of the member that the weights are.
  package static let weights = KerasFiles.weights

  /// The model's description, which is metadata elsewhere.
  public let texts: [MetadataEntry]
  /// Vocabularies and the like.
  package let assets: [Member]

  /// - Parameter metadata: the model's, with the description of an archive that it comes from.
  /// - Throws: `unsupported` where it has none: Keras makes the layers by it.
  package init(_ metadata: [MetadataEntry], assets: [Member]) throws(ModelError) {
    texts = metadata.filter(Self.isText)
    guard texts.contains(where: { $0.key == KerasFiles.configuration }) else {
      throw ModelError(
        .unsupported,
        "an archive of Keras needs the model's '\(KerasFiles.configuration)', which is among the metadata of those that come from one",
        hint: "--to hdf5 writes the weights alone")
    }
    self.assets = assets
  }

  /// The members in front of the weights.
  package var front: [Member] {
    texts.compactMap { entry in
      guard case .string(let text) = entry.value else { return nil }
      return Member(name: entry.key, bytes: text)
    }
  }

  /// Whether an entry of the metadata is a member of the archive.
  package static func isText(_ entry: MetadataEntry) -> Bool {
    guard case .string = entry.value else { return false }
    return KerasFiles.texts.contains(entry.key)
  }
}
