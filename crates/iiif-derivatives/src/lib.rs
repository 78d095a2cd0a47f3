//! The derivative job: a processing URI and instructions become derivatives, a report and a contact sheet.
