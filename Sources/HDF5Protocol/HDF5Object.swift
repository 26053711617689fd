/// A group, a dataset or a named type, as the file describes it.
package struct HDF5Object: Sendable {
  package enum Kind: Sendable {
    case group
    case dataset(HDF5Dataset)
    case namedType
  }

  /// The names from the root on with `/` between them; empty for the root.
  package var path: [UInt8]
  /// Where the object's header lies in the file.
  package var address: UInt64
  package var kind: Kind
  package var attributes: [HDF5Attribute]

  package init(path: [UInt8], address: UInt64, kind: Kind, attributes: [HDF5Attribute]) {
    self.path = path
    self.address = address
    self.kind = kind
    self.attributes = attributes
  }
}

/// How many elements there are.
package enum HDF5Space: Hashable, Sendable {
  /// No elements and no dimensions.
  case null
  /// One element where there are no dimensions.
  case simple([Int])
}

package struct HDF5Attribute: Sendable {
  package enum Value: Sendable {
    /// The elements as the file has them.
    case bytes([UInt8])
    /// Strings of any length.
    case strings([[UInt8]])
    /// Not read, and why.
    case unread(String)
  }

  package var name: [UInt8]
  package var type: HDF5Datatype
  package var space: HDF5Space
  package var value: Value

  package init(name: [UInt8], type: HDF5Datatype, space: HDF5Space, value: Value) {
    self.name = name
    self.type = type
    self.space = space
    self.value = value
  }
}

package struct HDF5Dataset: Sendable {
  package enum Layout: Sendable {
    /// In the object's header.
    case compact([UInt8])
    /// In one piece; nowhere where nothing was written.
    case contiguous(offset: UInt64?, byteCount: UInt64)
    case chunked(HDF5ChunkLayout)
    /// Made up of other datasets.
    case virtual
    /// In other files.
    case external([[UInt8]])
  }

  package var type: HDF5Datatype
  package var space: HDF5Space
  package var layout: Layout
  /// The element that was never written; nil where that is left open, or zeros.
  package var fill: [UInt8]?

  package init(type: HDF5Datatype, space: HDF5Space, layout: Layout, fill: [UInt8]?) {
    self.type = type
    self.space = space
    self.layout = layout
    self.fill = fill
  }
}

/// How a dataset is cut into chunks, and what these go through.
package struct HDF5ChunkLayout: Sendable {
  /// Elements of a chunk along each dimension.
  package var shape: [Int]
  /// From first to last when a chunk is written.
  package var filters: [HDF5Filter]
  /// Whether chunks that reach beyond the dataset go through none.
  package var leavesEdges: Bool

  package init(shape: [Int], filters: [HDF5Filter], leavesEdges: Bool) {
    self.shape = shape
    self.filters = filters
    self.leavesEdges = leavesEdges
  }
}

package struct HDF5Filter: Hashable, Sendable {
  /// The number under which the filter is registered.
  package var id: Int
  package var flags: UInt32
  package var parameters: [UInt32]

  package init(id: Int, flags: UInt32, parameters: [UInt32]) {
    self.id = id
    self.flags = flags
    self.parameters = parameters
  }
}

/// A chunk that was written.
package struct HDF5Chunk: Hashable, Sendable {
  /// Its number among all that the dataset's shape has room for, row-major.
  package var index: UInt64
  /// Where it lies in the file.
  package var offset: UInt64
  /// Its bytes there.
  package var byteCount: UInt32
  /// Bit n: filter n was not applied.
  package var filterMask: UInt32

  package static let wireBytes = 24

  package init(index: UInt64, offset: UInt64, byteCount: UInt32, filterMask: UInt32) {
    self.index = index
    self.offset = offset
    self.byteCount = byteCount
    self.filterMask = filterMask
  }
}

/// A link that leads to no object of its own.
package struct HDF5Link: Hashable, Sendable {
  package enum Target: Hashable, Sendable {
    /// An object that has another path.
    case same([UInt8])
    case soft([UInt8])
    case external(file: [UInt8], path: [UInt8])
    case userDefined(Int)
  }

  package var path: [UInt8]
  package var target: Target

  package init(path: [UInt8], target: Target) {
    self.path = path
    self.target = target
  }
}
