use super::*;

fn are_most(values: &str) -> bool {
    let mut persons = Persons::default();
    values.split("; ").for_each(|value| persons.note(value.as_bytes()));
    persons.are_most()
}

#[track_caller]
fn all_tell(lists: &[&str]) {
    for list in lists {
        assert!(are_most(list), "{list}");
    }
}

#[track_caller]
fn none_tell(lists: &[&str]) {
    for list in lists {
        assert!(!are_most(list), "{list}");
    }
}

/// Names of people who do not exist, put together of what is frequent.
const GERMAN: &str = "Peter Müller; Michael Schmidt; Thomas Schneider; Andreas Fischer; Wolfgang Weber; Klaus Meyer; Jürgen \
    Wagner; Günter Becker; Stefan Schulz; Christian Hoffmann; Uwe Schäfer; Werner Koch; Horst Bauer; Frank \
    Richter; Dieter Klein; Manfred Wolf; Gerhard Schröder; Hans Neumann; Bernd Schwarz; Thorsten Zimmermann; \
    Matthias Braun; Helmut Krüger; Walter Hofmann; Heinz Hartmann; Martin Lange; Jörg Schmitt; Rolf Werner; \
    Jens Krause; Sven Meier; Alexander Lehmann";

/// With two surnames.
const SPANISH: &str = "María García López; Carmen Rodríguez; José González Pérez; Antonio Fernández; Manuel López; Francisco \
    Martínez; Juan Sánchez; David Pérez; José Antonio Gómez; Javier Martín; Daniel Jiménez; Ana María Ruiz; \
    Laura Hernández; Isabel Díaz; Dolores Moreno; Pilar Muñoz; Josefa Álvarez; Teresa Romero; Rosa Alonso; \
    Cristina Gutiérrez; Marta Navarro; Lucía Torres; Elena Domínguez; Paula Vázquez; Raquel Ramos; Sergio \
    Gil; Pablo Ramírez; Jorge Serrano; Alberto Blanco; Luis Molina";

/// With double names.
const ITALIAN: &str = "Giuseppe Rossi; Maria Russo; Giovanni Ferrari; Anna Esposito; Antonio Bianchi; Rosa Romano; Mario \
    Colombo; Angela Ricci; Luigi Marino; Giovanna Greco; Francesco Bruno; Teresa Gallo; Angelo Conti; Lucia \
    De Luca; Vincenzo Mancini; Carmela Costa; Pietro Giordano; Caterina Rizzo; Salvatore Lombardi; Francesca \
    Moretti";

/// With small words between.
const DUTCH: &str = "Jan de Vries; Piet van den Berg; Kees Bakker; Sanne Jansen; Lotte Visser; Daan Smit; Bram Meijer; Femke \
    de Boer; Anouk Mulder; Thijs de Groot; Johan Bos; Willem Vos; Hendrik Peters; Marieke Hendriks; Esther \
    van Leeuwen; Annelies Dekker; Wouter Brouwer; Maarten de Wit; Jeroen Dijkstra; Ruud Smits";

/// With letters that others do not have.
const TURKISH: &str = "Mehmet Yılmaz; Ayşe Demir; Mustafa Kaya; Fatma Çelik; Ali Şahin; Emine Yıldız; Hüseyin Öztürk; Zeynep \
    Aydın; Hasan Arslan; Elif Doğan";

/// The surname first, and titles, initials and what stands behind.
const TURNED: &str = "Miller, Anna; Smith, James R.; Brown, Dr. Emily; Jones, Robert; Davis, Linda; Wilson, Karen; Moore, Paul; \
    Taylor, Susan; Clark, Peter; Lewis, Ruth; Walker, George";

const TITLED: &str = "Dr. Anna Miller; Mr. James Smith; Mrs Emily Brown; Prof. Robert Jones; Linda K. Davis; Karen Wilson, PhD; \
    Paul Moore Jr.; Herr Peter Clark; Ms Susan Taylor; Ruth O'Brien; George d'Angelo";

const CAPITALS: &str = "ANNA MILLER; JAMES SMITH; EMILY BROWN; ROBERT JONES; LINDA DAVIS; KAREN WILSON; PAUL MOORE; SUSAN TAYLOR; \
    PETER CLARK; RUTH LEWIS; GEORGE WALKER";

/// First names alone.
const FIRST: &str = "Anna; Bob; Carla; David; Emma; Frank; Grace; Hannah; Ian; Julia; Karen; Laura; Martin; Nora; Oscar; \
    Paula; Robert; Sara; Thomas; Vera; Walter; Kunigunde";

/// Cities of the United States.
const CITIES: &str = "New York; Los Angeles; Chicago; Houston; Phoenix; Philadelphia; San Antonio; San Diego; Dallas; San Jose; \
    Austin; Jacksonville; Fort Worth; Columbus; Charlotte; San Francisco; Indianapolis; Seattle; Denver; \
    Washington; Boston; El Paso; Nashville; Detroit; Oklahoma City; Portland; Las Vegas; Memphis; Louisville; \
    Baltimore; Milwaukee; Albuquerque; Tucson; Fresno; Sacramento; Mesa; Kansas City; Atlanta; Omaha; \
    Colorado Springs; Raleigh; Long Beach; Virginia Beach; Miami; Oakland; Minneapolis; Tulsa; Tampa; \
    Arlington; New Orleans; Wichita; Cleveland; Bakersfield; Aurora; Anaheim; Honolulu; Santa Ana; Riverside; \
    Corpus Christi; Lexington; Henderson; Stockton; Saint Paul; Cincinnati; St. Louis; Pittsburgh; \
    Greensboro; Lincoln; Anchorage; Plano; Orlando; Irvine; Newark; Durham; Chula Vista; Toledo; Fort Wayne; \
    St. Petersburg; Laredo; Jersey City; Chandler; Madison; Lubbock; Scottsdale; Reno; Buffalo; Gilbert; \
    Glendale; North Las Vegas; Winston-Salem; Chesapeake; Norfolk; Fremont; Garland; Irving; Hialeah; \
    Richmond; Boise; Spokane; Baton Rouge";

/// Companies.
const COMPANIES: &str = "Walmart; Amazon; Apple; CVS Health; UnitedHealth Group; Exxon Mobil; Berkshire Hathaway; Alphabet; \
    McKesson; AmerisourceBergen; Costco; Cigna; Microsoft; Cardinal Health; Chevron; Home Depot; Walgreens \
    Boots Alliance; Marathon Petroleum; Elevance Health; Kroger; Ford Motor; Verizon Communications; JPMorgan \
    Chase; General Motors; Centene; Meta Platforms; Comcast; Phillips 66; Valero Energy; Dell Technologies; \
    Target; Fannie Mae; UPS; Lowe's; Bank of America; Johnson & Johnson; Archer Daniels Midland; FedEx; \
    Humana; Wells Fargo; State Farm; Pfizer; Citigroup; PepsiCo; Intel; Procter & Gamble; General Electric; \
    IBM; MetLife; Prudential Financial; Albertsons; Walt Disney; Energy Transfer; Lockheed Martin; Freddie \
    Mac; Goldman Sachs; Raytheon; HP; Boeing; Morgan Stanley; HCA Healthcare; AbbVie; Dow; Tesla; Allstate; \
    American International Group; Best Buy; Charter Communications; Sysco; Merck; New York Life; Caterpillar; \
    Cisco Systems; TJX; Publix; ConocoPhillips; Liberty Mutual; Progressive; Nationwide; Tyson Foods; \
    Bristol-Myers Squibb; Nike; Deere; American Express; Abbott Laboratories; StoneX; Plains GP Holdings; \
    Enterprise Products; TIAA; Oracle; Thermo Fisher; Coca-Cola; General Dynamics; CHS; USAA; Northwestern \
    Mutual; Nucor; Exelon; Massachusetts Mutual; Charles Schwab; Eli Lilly; Ralph Lauren; Estee Lauder; Jones \
    Lang LaSalle; Edward Jones; Dick's Sporting Goods";

/// Brands, some of which are called like who made them.
const BRANDS: &str = "Ralph Lauren; Calvin Klein; Tommy Hilfiger; Hugo Boss; Tom Ford; Michael Kors; Louis Vuitton; Jimmy Choo; \
    Gucci; Prada; Nike; Adidas; Puma; Levi's; Zara; H&M; Uniqlo; Versace; Armani; Burberry; Chanel; Hermes; \
    Dior; Fendi; Givenchy; Lacoste; Marc Jacobs; Kate Spade; Tory Burch; Vera Wang; Stella McCartney; \
    Alexander McQueen; Vivienne Westwood; Paul Smith; Ted Baker; Karl Lagerfeld; Yves Saint Laurent; Under \
    Armour; New Balance; The North Face; Patagonia; Columbia; Timberland; Dr. Martens; Vans; Converse; \
    Skechers; Asics; Reebok; Fila";

/// Titles of books.
const BOOKS: &str = "Pride and Prejudice; Moby Dick; War and Peace; Jane Eyre; Emma; Oliver Twist; David Copperfield; Great \
    Expectations; Wuthering Heights; Anna Karenina; Madame Bovary; Don Quixote; Crime and Punishment; The \
    Great Gatsby; Ulysses; To Kill a Mockingbird; 1984; Brave New World; Animal Farm; Lord of the Flies; The \
    Catcher in the Rye; Harry Potter and the Goblet of Fire; The Hobbit; Dune; Neuromancer; Dracula; \
    Frankenstein; Robinson Crusoe; Gulliver's Travels; Treasure Island; Tom Sawyer; Huckleberry Finn; Little \
    Women; Black Beauty; Peter Pan; Alice in Wonderland; The Secret Garden; Silas Marner; Daniel Deronda; \
    Adam Bede; Tess of the d'Urbervilles; Jude the Obscure; Mrs Dalloway; Clarissa; Tom Jones; Tristram \
    Shandy; Rob Roy; Ivanhoe; Waverley; Middlemarch";

/// Products.
const PRODUCTS: &str = "Ergonomic Wooden Chair; Rustic Steel Table; Gorgeous Cotton Shirt; Handmade Granite Ball; Sleek Metal \
    Mouse; Wireless Headphones; USB Charger; Garden Hose; Coffee Maker; Electric Kettle; Yoga Mat; Running \
    Shoes; Water Bottle; Desk Lamp; Bluetooth Speaker; Kitchen Knife; Frying Pan; Toaster Oven; Phone Case; \
    Laptop Stand; Billy Bookcase; Malm Bed; Lack Table; Poang Chair; Kallax Shelf; Hemnes Drawer; Klippan \
    Sofa; Ektorp Sofa; Ivar Shelf; Markus Chair; Micke Desk; Alex Drawer; Linnmon Table; Norden Table; Grace \
    Vase; Ruby Ring; Amber Candle; Ivy Planter; Rose Soap; Violet Scarf; Jasmine Tea; Basil Seeds; Rosemary \
    Oil; Ginger Beer; Pepper Mill; Olive Oil; Angel Cake; Victoria Sponge; Madeleine Tin; Charlotte Russe";

/// Products that have first names.
const NAMED_PRODUCTS: &str = "Anna Chair; Bella Sofa; Clara Table; Diana Lamp; Emma Bed; Fiona Rug; Greta Shelf; Hanna Desk; Ida Stool; \
    Julia Mirror; Karla Vase; Lena Clock; Maria Chair; Nora Sofa; Olga Table; Paula Lamp; Rita Bed; Sara Rug; \
    Tina Shelf; Ursula Desk";

/// Schools that have names of people.
const SCHOOLS: &str = "George Washington High School; Lincoln Elementary; Thomas Jefferson Middle School; John F. Kennedy High; \
    Martin Luther King Academy; Roosevelt High School; Jefferson Elementary School; Franklin Middle School; \
    Abraham Lincoln High School; Woodrow Wilson High School; Central High School; Booker T. Washington \
    School; Frederick Douglass Academy; Rosa Parks Elementary; Cesar Chavez School; Maria Montessori School; \
    Anne Frank School; Albert Einstein Academy; Marie Curie School; Northside High";

/// Titles of films.
const FILMS: &str = "The Godfather; Pulp Fiction; Forrest Gump; Fight Club; Citizen Kane; Jerry Maguire; Annie Hall; Erin \
    Brockovich; Donnie Darko; John Wick; Jackie Brown; Mary Poppins; Star Wars; Blade Runner; Taxi Driver; \
    Rain Man; Good Will Hunting; American Beauty; Die Hard; Toy Story; Iron Man; Black Panther; Captain \
    Marvel; Doctor Strange; Harry Potter; Billy Elliot; Juno; Amelie; Carrie; Rosemary's Baby; Kill Bill; \
    Barry Lyndon; Raging Bull; Mean Streets; Dirty Harry; Mad Max; True Grit; Little Women; Gone Girl; \
    Michael Clayton";

/// German nouns, which are all written large.
const NOUNS: &str = "Haus; Baum; Straße; Auto; Tisch; Stuhl; Fenster; Tür; Garten; Schule; Kind; Frau; Mann; Wasser; Feuer; \
    Erde; Luft; Himmel; Sonne; Mond; Stern; Blume; Rose; Hund; Katze; Pferd; Vogel; Fisch; Brot; Butter; \
    Käse; Milch; Kaffee; Tee; Bier; Wein; Buch; Zeitung; Brief; Bild; Musik; Film; Theater; Kino; Stadt; \
    Dorf; Land; Berg; Tal; Fluss; See; Meer; Insel";

/// Universities.
const UNIVERSITIES: &str = "Harvard University; Stanford University; Johns Hopkins University; Duke University; Yale University; \
    Emory University; Brown University; Rice University; Carnegie Mellon University; William Marsh Rice; \
    Santa Clara University; Boston College; James Madison University; George Mason University; Thomas Edison \
    State; Brigham Young University; Oral Roberts University; Sam Houston State; Stephen F. Austin State; \
    Wake Forest";

/// Offices of lawyers.
const OFFICES: &str = "Baker McKenzie; Clifford Chance; Allen Overy; Latham Watkins; Kirkland Ellis; Sidley Austin; White Case; \
    Jones Day; Davis Polk; Sullivan Cromwell; Skadden Arps; Ropes Gray; Paul Weiss; Simpson Thacher; Cleary \
    Gottlieb; Herbert Smith; Norton Rose; Dechert; Cooley; Orrick Herrington";

/// Places, some of which have names of people.
const PLACES: &str = "Central Park; Times Square; Lake Victoria; Mount Rainier; Grand Canyon; Santa Monica; Santa Barbara; \
    Saint Tropez; Monte Carlo; Porto Alegre; Rio Grande; Baden Baden; Bad Homburg; Costa Rica; Puerto Rico; \
    Sierra Leone; El Salvador; San Marino; Sri Lanka; New Zealand; South Africa; Port Elizabeth; Fort \
    William; Alice Springs; Palm Springs; Ben Nevis; Prince Edward; King George; Queen Elizabeth; James Bay";

/// What becomes of something.
const STATES: &str = "In Progress; On Hold; Closed Won; Closed Lost; New Lead; Open Deal; Won Back; Not Started; Waiting Reply; \
    Under Review; Sent Out; Paid Full; Over Due; Due Soon; Written Off";

/// Streets that have names of people.
const STREETS: &str = "Martin Luther King Drive; George Washington Avenue; John Smith Road; Mary Street; Anna Lane; Victoria \
    Road; Albert Street; King George Avenue; Elizabeth Court; Charles Street; Emma Way; Peter Close; Helen \
    Drive; Rosa Parks Boulevard; James Road; Abraham Lincoln Street";

/// What people do.
const JOBS: &str = "Software Engineer; Sales Manager; Head Nurse; Chief Executive Officer; Data Scientist; Product Owner; Bus \
    Driver; Civil Engineer; Office Assistant; Account Manager; Graphic Designer; Marketing Director; School \
    Teacher; Bank Clerk; Police Officer; Research Fellow; Tax Advisor; Team Lead; Store Manager; Security \
    Guard";

const WORDS: &str = "red; green; blue; open; closed; shipped; new; used; sold; paid; late; early; good; bad; small; large; \
    hot; cold; wet; dry; slow; fast";

#[test]
fn names_of_many_countries_are_told() {
    all_tell(&[GERMAN, SPANISH, ITALIAN, DUTCH, TURKISH]);
}

#[test]
fn names_are_told_however_they_are_written() {
    all_tell(&[TURNED, TITLED, CAPITALS]);
    let dashed = GERMAN.replace(' ', "-").replace(";-", "; ");
    none_tell(&[&GERMAN.to_lowercase(), &dashed, &GERMAN.replace("; ", "1; ")]);
}

#[test]
fn first_names_alone_are_told_where_they_are_many() {
    all_tell(&[FIRST]);
    let few: Vec<_> = FIRST.split("; ").take(19).collect();
    none_tell(&[&few.join("; ")]);
}

#[test]
fn a_few_surnames_that_many_have_are_told() {
    let firsts = ["Anna", "Peter", "Maria", "Thomas"];
    let names =
        firsts.map(|first| ["Smith", "Brown", "Miller", "Jones"].map(|last| format!("{first} {last}")));
    all_tell(&[&names.concat().join("; ")]);
    // Of these, half have one surname.
    none_tell(&[&firsts.map(|first| format!("{first} Smith; {first} Brown")).join("; ")]);
}

#[test]
fn what_is_written_like_names_is_not_told() {
    none_tell(&[CITIES, COMPANIES, BRANDS, BOOKS, PRODUCTS, NAMED_PRODUCTS, SCHOOLS, FILMS]);
    none_tell(&[NOUNS, UNIVERSITIES, OFFICES, PLACES, STATES, STREETS, JOBS, WORDS, ""]);
}

#[test]
fn few_names_and_one_name_often_are_not_told() {
    let few: Vec<_> = GERMAN.split("; ").take(9).collect();
    none_tell(&[&few.join("; "), &["Anna Miller"; 100].join("; ")]);
    // Half of the values is something else.
    none_tell(&[&format!("{TITLED}; {WORDS}")]);
}

#[test]
fn counts_of_two_samples_are_added_and_halved() {
    let noted = |values: &str| {
        let mut persons = Persons::default();
        values.split("; ").for_each(|value| persons.note(value.as_bytes()));
        persons
    };
    let (mut half, other) = GERMAN.split_at(GERMAN.len() / 2);
    half = half.rsplit_once("; ").unwrap().0;
    let mut persons = noted(half);
    persons.add(&noted(other));
    assert!(persons.are_most() && 20 < persons.names());
    persons.halve();
    assert!(persons.names() <= 15);
}
