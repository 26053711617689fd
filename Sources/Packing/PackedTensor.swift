import Containers
import Kernels
import TensorModel

/// Where the bytes of a tensor of a packed model are.
struct PackedTensor: Sendable {
  enum Place: Sendable {
    /// In an entry of their own.
    case entry(Int)
    /// In an entry that has them under another name.
    case alias(of: Int)
    /// Within the file that they belong to, as it is rebuilt: in a literal, or where other tensors lie too.
    case file(offset: Int)
    /// All over that file, as the view of this number among the file's says.
    case view(Int)
  }

  let info: TensorInfo
  /// The file's number in the index.
  let file: Int
  let place: Place
  /// Whether they are turned as they are lent.
  var isSwapped = false

  /// Whether its bytes may lie in the file in one piece.
  var isInOnePiece: Bool {
    if case .view = place { false } else { true }
  }

  /// The entry that holds the bytes and nothing else.
  var holder: Int? {
    switch place {
    case .entry(let entry), .alias(let entry): entry
    case .file, .view: nil
    }
  }
}

extension PackedTensor {
  /// The tensors of a GGUF file, each in the entry that the file is rebuilt from, where it has one.
  /// - Parameter entries: the tensors of the file's operations by their place in the file.
  /// - Throws: `malformed` where an entry is no tensor of the header.
  static func list(
    _ header: GGUFHeader, file: Int, entries: [(offset: Int, tensor: PackedTensor)]
  ) throws(ModelError) -> [(offset: Int, tensor: PackedTensor)] {
    var next = entries[...]
    let list = header.tensors.map { tensor in
      let offset = tensor.range.lowerBound
      if let entry = next.first, entry.offset == offset, entry.tensor.info == tensor.info {
        next.removeFirst()
        return entry
      }
      let isSwapped = header.byteOrder == .big && ByteSwap.changes(tensor.info.dtype)
      let place = Place.file(offset: offset)
      return (offset, PackedTensor(info: tensor.info, file: file, place: place, isSwapped: isSwapped))
    }
    guard next.isEmpty else {
      throw ModelError(
        .malformed, "tensor '\(next.first!.tensor.info.name)' of the index is not in the header of its file")
    }
    return list
  }
}

extension PackedTensor {
  /// The tensors of a file, those that are read through its bytes among those that entries hold, by their places in it.
  static func list(
    _ views: HDF5Views, file: Int, besides entries: [(offset: Int, tensor: PackedTensor)]
  ) -> [(offset: Int, tensor: PackedTensor)] {
    let added = views.infos.enumerated().map { number, info in
      (offset: views.start(of: number) ?? 0, tensor: PackedTensor(info: info, file: file, place: .view(number)))
    }
    return (entries + added).enumerated().sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }
      .map(\.element)
  }
}
