import ArgumentParser
import Glibc
import Tare

extension InspectCommand {
  func run() throws {
    var options = InspectionOptions()
    options.headerOnly = headerOnly
    options.names = selection.filter
    options.isExact = exact
    options.grouping = InspectionOptions.Grouping(rawValue: group.rawValue)!
    options.order = InspectionOptions.Order(rawValue: sort.rawValue)!
    var reports: [ModelReport] = []
    for path in model {
      let reader = try ContainerRegistry.open(path: path)
      options.threads = WorkerBudget.encoders(
        work.threadCount, memory: work.memoryBytes, chunkBytes: reader.largestChunkBytes)
      talk.detail("\(path): \(reader.formatName), \(reader.catalog.tensors.count) tensors, \(options.threads) threads")
      let total = reader.catalog.tensors.reduce(0) { options.names.accepts($1.info.name) ? $0 + $1.info.byteCount : $0 }
      let progress = talk.progress("reading \(path)", totalBytes: total)
      defer { progress.finish() }
      let report = try within(path) { () throws(ModelError) in
        try ModelInspection.run(reader, options, estimator: PackedSizeEstimate()) { progress.advance(by: $0) }
      }
      reports.append(report)
    }
    let isFile = output != nil
    let text: String
    switch reportFormat {
    case .json: text = InspectionJSON.document(reports, version: toolVersion)
    case .table:
      let width = isFile ? Int.max : Terminal.columns() ?? Int.max
      text = InspectionTable.text(reports, width: width, isColored: !isFile && color.style.isColored)
    }
    guard let output else { return try StandardOutput.shared.write(text) }
    try within(output) { () throws(ModelError) in
      let file = try OutputFile(path: output, overwrite: overwriting.force)
      try file.write(Array(text.utf8), at: 0)
      try file.finish()
    }
  }
}
