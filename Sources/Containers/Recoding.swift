package import Kernels
package import TensorModel

/// How a run of a file's bytes is made of a tensor's elements: a box of them, padded, then transformed
/// (`formats/packed.md`, section 4).
package struct Recoding: Hashable, Sendable {
  /// One dimension of the box, in elements.
  package struct Side: Hashable, Sendable {
    package var start: Int
    package var count: Int
    /// At least `count`.
    package var padded: Int

    package init(start: Int, count: Int, padded: Int) {
      self.start = start
      self.count = count
      self.padded = padded
    }
  }

  /// One per dimension of the tensor.
  package var sides: [Side]
  /// A block of the padding; empty where there is none.
  package var fill: [UInt8]
  package var transforms: [ByteTransform]

  package init(sides: [Side], fill: [UInt8] = [], transforms: [ByteTransform]) {
    self.sides = sides
    self.fill = fill
    self.transforms = transforms
  }

  /// - Parameters:
  ///   - box: of the tensor's blocks.
  ///   - padded: the blocks along each dimension to which it is padded.
  package init(_ box: Box, of info: TensorInfo, padded: [Int], transforms: [ByteTransform]) {
    let last = box.start.indices.last
    let sides = box.start.indices.map { axis in
      let unit = axis == last ? info.dtype.blockElements : 1
      return Side(start: box.start[axis] * unit, count: box.count[axis] * unit, padded: padded[axis] * unit)
    }
    self.init(sides: sides, transforms: transforms)
  }

  /// The runs of the box in the tensor's bytes and in those of the padded box.
  /// - Parameter info: of a tensor that it fits.
  package func runs(of info: TensorInfo) -> BoxRuns {
    func blocks(_ elements: [Int]) -> [Int] {
      var blocks = elements
      if let last = blocks.indices.last { blocks[last] /= info.dtype.blockElements }
      return blocks
    }
    return BoxRuns(
      count: blocks(sides.map(\.count)), source: (blocks(info.shape), blocks(sides.map(\.start))),
      target: (blocks(sides.map(\.padded)), sides.map { _ in 0 }), elementBytes: info.dtype.blockBytes)
  }

  /// The most bytes that a padded box has.
  package static let maximumBoxBytes = 64 << 20
  package static let maximumTransforms = 8

  package var isPadded: Bool { sides.contains { $0.padded > $0.count } }
  /// Whether it takes no element of the tensor.
  package var isEmpty: Bool { sides.contains { $0.count == 0 } }

  /// Elements of the box, of a tensor that it fits.
  package var elementCount: Int { sides.reduce(1) { $0 * $1.count } }

  /// Bytes of the padded box.
  /// - Throws: `malformed` where the box does not lie inside a tensor like `info`, cuts blocks, is empty in some
  ///   dimensions but not in all, or is too large; where the padding lacks a block, or has one without need.
  package func boxByteCount(_ info: TensorInfo) throws(ModelError) -> Int {
    guard sides.count == info.shape.count else {
      throw ModelError(.malformed, "a box of rank \(sides.count) of a tensor of rank \(info.shape.count)")
    }
    let blockElements = info.dtype.blockElements
    var blocks = 1
    for (axis, side) in sides.enumerated() {
      let unit = axis == sides.count - 1 ? blockElements : 1
      guard side.start >= 0, side.count >= 0, side.count <= info.shape[axis],
        side.start <= info.shape[axis] - side.count, side.padded >= side.count,
        side.start % unit == 0, side.count % unit == 0, side.padded % unit == 0
      else {
        throw ModelError(
          .malformed,
          "a box of \(side.count) elements at \(side.start), padded to \(side.padded), in dimension \(axis) of \(info.shape)"
        )
      }
      // A box that takes nothing is padded by nothing: it says no more than that the tensor is there.
      guard (side.count == 0) == isEmpty, !isEmpty || side.padded == 0 else {
        throw ModelError(.malformed, "a box that is empty in some dimensions but not in all")
      }
      let (product, overflow) = blocks.multipliedReportingOverflow(by: side.padded / unit)
      guard !overflow, product <= Self.maximumBoxBytes else {
        throw ModelError(.malformed, "a box of more than \(Self.maximumBoxBytes) bytes")
      }
      blocks = product
    }
    let (bytes, overflow) = blocks.multipliedReportingOverflow(by: info.dtype.blockBytes)
    guard !overflow, bytes <= Self.maximumBoxBytes else {
      throw ModelError(.malformed, "a box of more than \(Self.maximumBoxBytes) bytes")
    }
    guard fill.count == (isPadded ? info.dtype.blockBytes : 0) else {
      throw ModelError(.malformed, "a box is padded with blocks of \(fill.count) bytes")
    }
    return bytes
  }
}

/// A step from the bytes of a box to those of a file.
package enum ByteTransform: Hashable, Sendable {
  /// Reverses each word of a block; the words are one block's.
  case swap([ByteSwap.Words])
  /// Byte j of every element, for each j; what is no whole element stays behind.
  case shuffle(elementBytes: Int)
  /// One zlib stream, as this build's zlib writes it at the level.
  case deflate(level: Int)
  /// Fletcher's checksum behind the bytes, as HDF5 has it.
  case fletcher32
  /// One that this build does not have: a transform that it does not know, or a zlib that writes other bytes.
  case foreign(id: Int, parameters: [UInt8])
}
