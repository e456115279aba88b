//! Bodies of a client's messages: what is read of one is what would be read of it written again.

use wire::frontend::{self, Bind, Parse, Target, tag};
use wire::{compose, split_frame};

/// The first byte is the message's type, the rest its body.
pub fn client_message(data: &[u8]) {
    let Some((&tag, body)) = data.split_first() else { return };
    match tag {
        tag::QUERY => {
            let Ok(text) = frontend::query(body) else { return };
            assert_eq!(body_of(|out| compose::query(out, text)), body);
        }
        tag::PARSE => {
            let Ok(parse) = Parse::read(body) else { return };
            let again = body_of(|out| compose::parse(out, parse.statement, parse.query));
            assert!(body.starts_with(&again[..again.len() - 2]), "names and text are at the start");
            let types: Vec<u8> = parse.types().flat_map(u32::to_be_bytes).collect();
            assert!(body.ends_with(&types), "types are at the end");
        }
        tag::BIND => {
            let Ok(bind) = Bind::read(body) else { return };
            let names = Bind::read_names(body).expect("a body that is whole begins with its names");
            assert_eq!((names.portal, names.statement), (bind.portal, bind.statement));
            let parameters = bind.parameters().expect("it was read whole");
            assert_eq!(parameters.len(), parameters.count());
        }
        tag::DESCRIBE | tag::CLOSE => match Target::read(body) {
            Ok(Target::Statement(name)) => {
                assert_eq!(body_of(|out| compose::close_statement(out, name)), body)
            }
            Ok(Target::Portal(name)) => assert_eq!(body_of(|out| compose::describe_portal(out, name)), body),
            Err(_) => {}
        },
        tag::EXECUTE => {
            let Ok(portal) = frontend::execute(body) else { return };
            assert_eq!(portal.len() + 1 + 4, body.len());
        }
        _ => {}
    }
}

/// The body of the one message that `fill` writes.
fn body_of(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    fill(&mut out);
    let (frame, rest) = split_frame(&out, u32::MAX).expect("a frame").expect("a whole frame");
    assert!(rest.is_empty());
    frame.body.to_vec()
}
