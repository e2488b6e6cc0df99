package engine

// preset is an event type of a preset; schema "" = any data.
type preset struct{ name, description, schema string }

// presets are catalogues of event types that importing makes.
var presets = map[string][]preset{
	// The codes of the profile inkit. Its bodies name a code and a resource and
	// carry no data, so that data is free.
	"inkit": {
		{"DOCUMENT_CREATE_FINISHED", "A document was created.", ""},
		{"DOCUMENT_CREATE_FAILED", "A document could not be created.", ""},
		{"DOCUMENT_DELETED", "A document was deleted.", ""},
		{"DOCUMENT_PDF_ACCESS", "The PDF of a document was opened.", ""},
		{"DOCUSIGN_CREATE_FINISHED", "A document was handed over to DocuSign.", ""},
		{"DOCUSIGN_CREATE_FAILED", "A document could not be handed over to DocuSign.", ""},
		{"FOLDER_CREATED", "A folder was created.", ""},
		{"FOLDER_DELETED", "A folder was deleted.", ""},
		{"MAGIC_LINK_ACCESS", "A magic link was opened.", ""},
		{"MAGIC_LINK_ACCESS_FAILED", "Somebody tried to open a magic link and was refused.", ""},
		{"MAGIC_LINK_CREATED", "A magic link was created.", ""},
		{"MAGIC_LINK_CREATE_FAILED", "A magic link could not be created.", ""},
		{"MAIL_CREATE_FINISHED", "A mailing was created.", ""},
		{"MAIL_CREATE_FAILED", "A mailing could not be created.", ""},
		{"RENDER_CREATE_FINISHED", "A rendering was created.", ""},
		{"RENDER_CREATE_FAILED", "A rendering could not be created.", ""},
		{"RENDER_METADATA_ACCESS", "The metadata of a rendering was read.", ""},
		{"SALESFORCE_CREATE_FINISHED", "A document was handed over to Salesforce.", ""},
		{"SALESFORCE_CREATE_FAILED", "A document could not be handed over to Salesforce.", ""},
	},
	// The events of finished jobs, and the job types of SharpAPI's public API:
	// SharpApiJobTypeEnum of its client sharpapi/sharpapi-laravel-client, and
	// hr_resume_job_match_score, which a client of its own has. The schema is the
	// result that SharpAPI's announcement of its webhooks (January 2025) shows.
	"sharpapi": {
		{"job.succeeded", "A job has its result.", ""},
		{"job.failed", "A job failed.", ""},
		{"content_detect_emails", "Email addresses were found in a text.", ""},
		{"content_detect_phones", "Phone numbers were found in a text.", ""},
		{"content_detect_spam", "A text was checked for spam.", ""},
		{"content_keywords", "Keywords of a text were found.", ""},
		{"content_paraphrase", "A text was paraphrased.", ""},
		{"content_proofread", "A text was proofread.", ""},
		{"content_summarize", "A text was summarized.", ""},
		{"content_translate", "A text was translated.", `{"type":"object","required":["content"],"properties":{"content":{"type":"string"},` +
			`"from_language":{"type":"string"},"to_language":{"type":"string"}}}`},
		{"ecommerce_product_categories", "Categories were found for a product.", ""},
		{"ecommerce_product_intro", "An introduction to a product was written.", ""},
		{"ecommerce_review_sentiment", "The sentiment of a product's review was found.", ""},
		{"ecommerce_thank_you_email", "An email to thank for a purchase was written.", ""},
		{"hr_job_description", "A description of a job was written.", ""},
		{"hr_parse_resume", "A resume was read into fields.", ""},
		{"hr_related_job_positions", "Related positions were found for a position.", ""},
		{"hr_related_skills", "Related skills were found for a skill.", ""},
		{"hr_resume_job_match_score", "A resume was compared with the description of a job.", ""},
		{"seo_generate_tags", "Meta tags were written for a page.", ""},
		{"tth_hospitality_product_categories", "Categories were found for a hospitality product.", ""},
		{"tth_review_sentiment", "The sentiment of a traveller's review was found.", ""},
		{"tth_ta_product_categories", "Categories were found for a tour or an activity.", ""},
	},
}
